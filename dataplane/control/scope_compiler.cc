#include "dataplane/control/scope_compiler.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/base/absl_strings.h"
#include "dataplane/control/identity_compiler.h"
#include "dataplane/control/scopes.h"
#include "dataplane/health/quote.h"
#include "dataplane/health/report.h"

namespace fairlead::control {
namespace {

constexpr int kMaxIdentities = 100;
constexpr int kMaxPermissions = 1'000;
constexpr size_t kMaxPrefixBytes = 128;

Permission::Kind KindOf(v1::Permission::Kind kind) {
  switch (kind) {
    case v1::Permission::HEALTH:
      return Permission::Kind::kHealth;
    case v1::Permission::WEIGHTS:
      return Permission::Kind::kWeights;
    case v1::Permission::USE:
      return Permission::Kind::kUse;
    default:
      return Permission::Kind::kAll;
  }
}

std::shared_ptr<const Scope> CompileScope(const v1::Scope& message, const Path& place, Violations& violations) {
  auto scope = std::make_shared<Scope>();
  scope->id = message.id();
  scope->everyone_else = message.everyone_else();
  const int identities = message.identities_size();
  if (identities > kMaxIdentities) {
    violations.Invalid(Path(place, "identities"), base::StrCat("more than ", kMaxIdentities, ": ", identities));
  } else if (identities == 0 && !message.everyone_else()) {
    violations.Invalid(Path(place, "identities"), "none, and not for everyone_else: it would hold for nobody");
  } else {
    scope->identities = CompileIdentities(message.identities(), place, violations);
  }
  if (message.permissions_size() > kMaxPermissions) {
    violations.Invalid(Path(place, "permissions"),
                       base::StrCat("more than ", kMaxPermissions, ": ", message.permissions_size()));
    return scope;
  }
  for (int i = 0; i < message.permissions_size(); ++i) {
    const v1::Permission& permission = message.permissions(i);
    const Path permission_place(place, "permissions", i);
    if (permission.id_prefix().size() > kMaxPrefixBytes ||
        !std::ranges::all_of(permission.id_prefix(), health::IsNameCharacter)) {
      violations.Invalid(Path(permission_place, "id_prefix"),
                         base::StrCat("not the beginning of an id: ", health::Quote(permission.id_prefix())));
    }
    scope->permissions.push_back({KindOf(permission.kind()), permission.id_prefix()});
  }
  return scope;
}

}  // namespace

void CompileScopes(Compilation& compilation) {
  const Path root;
  Staged& staged = compilation.staged;
  for (const auto& [key, message] : compilation.requests.scopes.list()) {
    const Path place(root, "scopes", key.id);
    const auto* before = compilation.store.scope_messages().Find(key.id);
    if (message == nullptr) {
      if (before == nullptr) {
        compilation.violations.Add(v1::Violation::NOT_FOUND, place, "no such scope");
        continue;
      }
      compilation.CountRemoved(before->digest);
      staged.scope_updates.push_back({std::string(key.id), {}});
      staged.scopes.push_back({std::string(key.id), nullptr});
      staged.changes.scopes.push_back({std::string(key.id), true});
      continue;
    }
    const absl::uint128 digest = compilation.DigestOf(api::ResourceKind::kScope, *message);
    if (before != nullptr && before->digest == digest) continue;
    compilation.rules.Check(*message, place, compilation.violations);
    staged.scopes.push_back({message->id(), CompileScope(*message, place, compilation.violations)});
    if (before == nullptr) {
      compilation.CountAdded(digest);
    } else {
      compilation.CountChanged(before->digest, digest);
    }
    staged.scope_updates.push_back({message->id(), {std::make_shared<const v1::Scope>(*message), digest}});
    staged.changes.scopes.push_back({message->id(), before != nullptr});
  }
  if (!staged.scopes.empty() && !compilation.store.scopes().SomebodyMayDoEverythingAfter(staged.scopes)) {
    compilation.violations.Invalid(
        Path(root, "scopes"),
        "nobody could change them any more: one with a permission of kind ALL and no id_prefix must stay");
  }
}

}  // namespace fairlead::control
