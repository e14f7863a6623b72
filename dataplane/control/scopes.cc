#include "dataplane/control/scopes.h"

#include <algorithm>
#include <utility>

namespace fairlead::control {
namespace {

bool AllowsEverything(const Scope& scope) {
  return std::ranges::any_of(scope.permissions, [](const Permission& permission) {
    return permission.kind == Permission::Kind::kAll && permission.id_prefix.empty();
  });
}

}  // namespace

bool Rights::everything() const {
  return unlimited_ || std::ranges::any_of(scopes_, [](const auto& scope) { return AllowsEverything(*scope); });
}

bool Rights::Allow(Permission::Kind kind, std::string_view id) const {
  const auto allows = [&](const Permission& permission) {
    return (permission.kind == kind || permission.kind == Permission::Kind::kAll) &&
           id.starts_with(permission.id_prefix);
  };
  return unlimited_ || std::ranges::any_of(
                           scopes_, [&](const auto& scope) { return std::ranges::any_of(scope->permissions, allows); });
}

Rights Scopes::RightsOf(const identity::Peer& peer) const {
  std::vector<std::shared_ptr<const Scope>> naming, of_everyone_else;
  for (const auto& [id, scope] : scopes_) {
    if (peer.ProvesOneOf(scope->identities)) naming.push_back(scope);
    if (scope->everyone_else) of_everyone_else.push_back(scope);
  }
  if (!naming.empty()) return Rights(std::move(naming));
  return of_everyone_else.empty() ? Rights() : Rights(std::move(of_everyone_else));
}

bool Scopes::SomebodyMayDoEverythingAfter(const std::vector<Update>& updates) const {
  Scopes after = *this;
  after.Apply(updates);
  const auto& scopes = after.scopes_;
  const bool others_are_limited =
      std::ranges::any_of(scopes, [](const auto& entry) { return entry.second->everyone_else; });
  return !others_are_limited ||
         std::ranges::any_of(scopes, [](const auto& entry) { return AllowsEverything(*entry.second); });
}

void Scopes::Apply(const std::vector<Update>& updates) {
  for (const auto& [id, scope] : updates) {
    if (scope == nullptr) {
      scopes_.erase(id);
    } else {
      scopes_.insert_or_assign(id, scope);
    }
  }
}

}  // namespace fairlead::control
