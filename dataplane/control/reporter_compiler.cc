#include "dataplane/control/reporter_compiler.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/base/absl_strings.h"
#include "dataplane/control/identity_compiler.h"
#include "dataplane/control/value_checks.h"
#include "dataplane/health/quote.h"
#include "dataplane/health/report.h"
#include "dataplane/health/reporter.h"

namespace fairlead::control {
namespace {

constexpr int kMaxIdentities = 16;
constexpr int kMaxBackends = 1'000;
constexpr size_t kMaxDomainBytes = 128;
constexpr uint32_t kMaxWeight = 1'000;

bool IsPrintable(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c > ' ' && c < 0x7f; });
}

// The beginning of an id, or all of one.
void CheckPattern(std::string_view pattern, const Path& place, Violations& violations) {
  if (pattern.ends_with('*')) pattern.remove_suffix(1);
  const bool readable = std::ranges::all_of(pattern, health::IsNameCharacter);
  if (readable && pattern.size() <= health::kMaxReporterBytes) return;
  violations.Invalid(place,
                     base::StrCat("not an id, nor the beginning of one with '*' behind it: ", health::Quote(pattern)));
}

std::vector<std::string> CompilePatterns(const v1::Reporter& message, const Path& place, Violations& violations) {
  const int count = message.backends_size();
  if (count < 1 || count > kMaxBackends) {
    violations.Invalid(Path(place, "backends"), base::StrCat("not 1 to ", kMaxBackends, ": ", count));
    return {};
  }
  for (int i = 0; i < count; ++i) {
    const Path pattern_place(place, "backends", i);
    if (message.backends(i).empty()) {
      violations.Invalid(pattern_place, "empty; want the id of a backend, or \"*\" for all");
    } else {
      CheckPattern(message.backends(i), pattern_place, violations);
    }
  }
  return {message.backends().begin(), message.backends().end()};
}

health::ReporterPtr CompileReporter(const v1::Reporter& message, const Path& place, Violations& violations) {
  health::Reporter reporter;
  reporter.id = message.id();
  if (message.id() == health::kControllerAuthor) {
    violations.Invalid(Path(place, "id"), "taken by the controller itself; choose another");
  }
  const int identities = message.identities_size();
  if (identities < 1 || identities > kMaxIdentities) {
    violations.Invalid(Path(place, "identities"), base::StrCat("not 1 to ", kMaxIdentities, ": ", identities));
  } else {
    reporter.identities = CompileIdentities(message.identities(), place, violations);
  }
  reporter.failure_domain = message.failure_domain().empty() ? message.id() : message.failure_domain();
  const Path domain_place(place, "failure_domain");
  CheckLength(message.failure_domain(), kMaxDomainBytes, domain_place, violations);
  if (!IsPrintable(message.failure_domain())) violations.Invalid(domain_place, "with other than printable characters");
  reporter.backends = health::BackendPatterns(CompilePatterns(message, place, violations));
  if (message.weight() > 0) {
    reporter.weight = CheckRange(message.weight(), 1, kMaxWeight, Path(place, "weight"), violations);
  }
  return std::make_shared<const health::Reporter>(std::move(reporter));
}

void Put(Compilation& compilation, const v1::Reporter& message, const Path& place) {
  const auto* before = compilation.store.reporters().Find(message.id());
  const absl::uint128 digest = compilation.DigestOf(api::ResourceKind::kReporter, message);
  if (before != nullptr && before->digest == digest) return;
  compilation.rules.Check(message, place, compilation.violations);
  health::ReporterPtr reporter = CompileReporter(message, place, compilation.violations);
  if (before == nullptr) {
    compilation.CountAdded(digest);
  } else {
    compilation.CountChanged(before->digest, digest);
  }
  Staged& staged = compilation.staged;
  staged.reporter_updates.push_back({message.id(), {std::make_shared<const v1::Reporter>(message), digest}});
  staged.reporters.push_back(std::move(reporter));
  staged.changes.reporters.push_back({message.id(), before != nullptr});
}

void Remove(Compilation& compilation, std::string_view id, const Path& place) {
  const auto* before = compilation.store.reporters().Find(id);
  if (before == nullptr) {
    compilation.violations.Add(v1::Violation::NOT_FOUND, place, "no such reporter");
    return;
  }
  compilation.CountRemoved(before->digest);
  compilation.staged.reporter_updates.push_back({std::string(id), {}});
  compilation.staged.changes.reporters.push_back({std::string(id), true});
}

}  // namespace

void CompileReporters(Compilation& compilation) {
  const Path root;
  for (const auto& [key, message] : compilation.requests.reporters.list()) {
    const Path place(root, "reporters", key.id);
    if (message != nullptr) {
      Put(compilation, *message, place);
    } else {
      Remove(compilation, key.id, place);
    }
  }
}

}  // namespace fairlead::control
