#include "dataplane/control/explanation_report.h"

#include <algorithm>
#include <string>

#include "dataplane/control/conversion_to_proto.h"
#include "dataplane/health/explain.h"

namespace fairlead::control {
namespace {

void AddVote(const health::Explanation::Vote& from, v1::Explanation::Vote& to) {
  to.set_reporter(from.reporter);
  to.set_failure_domain(from.failure_domain);
  to.set_weight(from.weight);
  to.set_vote(ToProto(from.health));
  to.set_said(ToProto(from.said));
  to.set_in_a_row(from.run);
  to.set_in_a_row_needed(from.run_needed);
  to.set_age_ms(from.age_ms);
  to.set_left_ms(from.left_ms);
  to.set_incarnation(from.incarnation);
  to.set_sequence(from.sequence);
  to.set_counts(from.counts);
  to.set_why_not(from.note);
  to.set_reason(from.reason);
}

}  // namespace

v1::Explanation ToProto(const health::Explanation& from, uint64_t now_ms) {
  v1::Explanation to;
  to.set_health(ToProto(from.decision.health));
  to.set_decided_by(from.decision.decided_by);
  to.set_reason(from.decision.reason);
  to.set_since_ms(now_ms - std::min(now_ms, from.decision.since_ms));
  to.set_since_revision(from.decision.since_revision);
  to.set_rule(from.rule);
  for (const health::Explanation::Vote& vote : from.votes) AddVote(vote, *to.add_votes());
  if (from.controller) {
    v1::Explanation::Controller& controller = *to.mutable_controller();
    controller.set_health(ToProto(from.controller->health));
    controller.set_age_ms(from.controller->age_ms);
    controller.set_overruled(from.controller->overruled);
    controller.set_reason(from.controller->reason);
  }
  to.mutable_down()->set_votes(from.tally.down.votes);
  to.mutable_down()->set_failure_domains(from.tally.down.failure_domains);
  to.mutable_up()->set_votes(from.tally.up.votes);
  to.mutable_up()->set_failure_domains(from.tally.up.failure_domains);
  to.set_votes_say(ToProto(from.found));
  if (from.hold.why != health::Hold::Why::kNone) {
    to.set_held_by(std::string(health::ToString(from.hold.why)));
    to.set_would_be(ToProto(from.hold.wanted));
    to.set_held_ms(from.hold_left_ms);
  }
  to.set_penalty(from.penalty);
  to.set_suppressed(from.suppressed);
  if (from.fail_safe) {
    v1::Explanation::FailSafeState& fail_safe = *to.mutable_fail_safe();
    fail_safe.set_in_service(static_cast<uint32_t>(from.fail_safe->in_service));
    fail_safe.set_limit(static_cast<uint32_t>(from.fail_safe->limit));
    fail_safe.set_taken(static_cast<uint32_t>(from.fail_safe->taken));
    fail_safe.set_held(static_cast<uint32_t>(from.fail_safe->held));
  }
  for (const std::string& way : from.changes) to.add_would_change(way);
  for (const health::Explanation::Past& past : from.past) {
    v1::Explanation::Decision& decision = *to.add_decisions();
    decision.set_ago_ms(past.ago_ms);
    decision.set_from(ToProto(past.from));
    decision.set_to(ToProto(past.to));
    decision.set_decided_by(past.decided_by);
    decision.set_revision(past.revision);
  }
  return to;
}

}  // namespace fairlead::control
