#include "dataplane/control/health_rules_compiler.h"

#include <chrono>
#include <memory>
#include <string_view>

#include "dataplane/base/absl_strings.h"
#include "dataplane/control/value_checks.h"

namespace fairlead::control {
namespace {

constexpr uint32_t kMaxVotes = 1'000;
constexpr uint32_t kMaxFailureDomains = 64;
constexpr uint32_t kMaxRun = 100;
constexpr uint32_t kMinPenalty = 1'000;
constexpr uint32_t kMaxPenalty = 1'000'000;

config::HealthQuorum CompileQuorum(const v1::HealthQuorum& message, const Path& place, Violations& violations) {
  config::HealthQuorum quorum;
  if (message.votes() > 0) quorum.votes = CheckRange(message.votes(), 1, kMaxVotes, Path(place, "votes"), violations);
  if (message.failure_domains() > 0) {
    quorum.failure_domains =
        CheckRange(message.failure_domains(), 1, kMaxFailureDomains, Path(place, "failure_domains"), violations);
  }
  return quorum;
}

// Of a duration that is there.
uint64_t CompileSeconds(const google::protobuf::Duration& duration, const Path& place, Violations& violations) {
  return static_cast<uint64_t>(CheckDuration(duration, place, violations, std::chrono::seconds(1)).count());
}

// 0 and no duration at all mean the same.
uint64_t CompileHold(const google::protobuf::Duration& duration, const Path& place, Violations& violations) {
  if (duration.seconds() == 0 && duration.nanos() == 0) return 0;
  return static_cast<uint64_t>(CheckDuration(duration, place, violations).count());
}

config::FlapDamping CompileDamping(const v1::FlapDamping& message, const Path& place, Violations& violations) {
  config::FlapDamping damping;
  if (message.has_half_life()) {
    damping.half_life_ms = CompileSeconds(message.half_life(), Path(place, "half_life"), violations);
  }
  if (message.suppress() > 0) {
    damping.suppress = CheckRange(message.suppress(), kMinPenalty, kMaxPenalty, Path(place, "suppress"), violations);
  }
  if (message.reuse() > 0) damping.reuse = message.reuse();
  if (damping.reuse > damping.suppress) {
    violations.Invalid(Path(place, "reuse"), base::StrCat("above suppress: ", damping.reuse, " > ", damping.suppress));
  }
  return damping;
}

config::FailSafe CompileFailSafe(const v1::FailSafe& message, const Path& place, Violations& violations) {
  config::FailSafe fail_safe;
  fail_safe.max_share = message.max_share();
  // Not a number neither.
  if (!(fail_safe.max_share > 0 && fail_safe.max_share <= 1)) {
    violations.Invalid(Path(place, "max_share"), base::StrCat("not above 0, up to 1: ", fail_safe.max_share));
  }
  if (message.has_within()) fail_safe.within_ms = CompileSeconds(message.within(), Path(place, "within"), violations);
  return fail_safe;
}

}  // namespace

config::HealthRulesPtr CompileHealthRules(const v1::BackendHealth& message, const Path& place, Violations& violations) {
  const Path health(place, "health");
  config::HealthRules rules;
  if (message.has_down()) rules.down = CompileQuorum(message.down(), Path(health, "down"), violations);
  if (message.has_up()) rules.up = CompileQuorum(message.up(), Path(health, "up"), violations);
  if (message.fall() > 0) rules.fall = CheckRange(message.fall(), 1, kMaxRun, Path(health, "fall"), violations);
  if (message.rise() > 0) rules.rise = CheckRange(message.rise(), 1, kMaxRun, Path(health, "rise"), violations);
  rules.min_down_ms = CompileHold(message.min_down(), Path(health, "min_down"), violations);
  rules.min_up_ms = CompileHold(message.min_up(), Path(health, "min_up"), violations);
  rules.keep_last_ms = CompileHold(message.keep_last(), Path(health, "keep_last"), violations);
  if (message.has_damping()) rules.damping = CompileDamping(message.damping(), Path(health, "damping"), violations);
  if (message.has_fail_safe()) {
    rules.fail_safe = CompileFailSafe(message.fail_safe(), Path(health, "fail_safe"), violations);
  }
  if (rules == config::HealthRules()) return nullptr;
  if (message.has_unknown_is_eligible()) rules.unknown_is_eligible = message.unknown_is_eligible();
  return std::make_shared<const config::HealthRules>(rules);
}

}  // namespace fairlead::control
