#include "controlplane-mock/fleet_change.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace fairlead::controlplane_mock {
namespace {

constexpr char kCapability[] = "prepare";

bool CanPrepare(const ProxySession& session) {
  const auto& capabilities = session.hello()->capabilities();
  return std::find(capabilities.begin(), capabilities.end(), kCapability) != capabilities.end();
}

std::string Why(const v1::Rejected& rejected) {
  return absl::StrJoin(rejected.violations(), "; ", [](std::string* text, const v1::Violation& violation) {
    absl::StrAppend(text, violation.path(), violation.path().empty() ? "" : ": ", violation.message());
  });
}

std::string Milliseconds(uint64_t microseconds) {
  return absl::StrFormat("%.1f ms", static_cast<double>(microseconds) / 1e3);
}

}  // namespace

FleetChange::FleetChange(FleetSettings settings, WallClock wall_clock, Say say)
    : settings_(settings), wall_clock_(std::move(wall_clock)), say_(std::move(say)) {}

void FleetChange::Begin(std::string id, StatePtr target, const std::map<std::string, ProxySession*>& proxies,
                        std::function<void(TimePoint now)> on_decided, TimePoint now) {
  id_ = std::move(id);
  target_ = std::move(target);
  on_decided_ = std::move(on_decided);
  members_.clear();
  faults_.clear();
  for (const auto& [node_id, session] : proxies) {
    members_.push_back({.node_id = node_id, .session = session});
    if (!CanPrepare(*session)) faults_.push_back(absl::StrCat(node_id, " is of a version that can't prepare"));
  }
  say_(absl::StrCat("fleet: ", id_, ": asking ", members_.size(), " proxies for their clocks"));
  if (!faults_.empty()) return Abort(now);
  Enter(Step::kClocks);
  deadline_ = now + kClockTimeout;
  for (Member& member : members_) AskForClock(member, now);
}

void FleetChange::Enter(Step step) {
  step_ = step;
  deadline_ = TimePoint::max();
  for (Member& member : members_) member.answered = false;
}

FleetChange::Member* FleetChange::Find(const ProxySession* session) {
  const auto found = std::find_if(members_.begin(), members_.end(),
                                  [session](const Member& member) { return member.session == session; });
  return found == members_.end() ? nullptr : &*found;
}

bool FleetChange::AllAnswered() const {
  return std::all_of(members_.begin(), members_.end(),
                     [](const Member& member) { return member.answered || member.session == nullptr; });
}

void FleetChange::AskForClock(Member& member, TimePoint now) {
  v1::ToProxy message;
  message.mutable_get_clock()->set_request_id(absl::StrCat(id_, "-clock-", member.clock.samples()));
  member.asked_us = wall_clock_();
  member.session->Send(message, now);
}

void FleetChange::OnMessage(ProxySession* session, const v1::FromProxy& message, TimePoint now) {
  Member* const member = under_way() ? Find(session) : nullptr;
  if (member == nullptr) return;
  if (message.has_clock() && step_ == Step::kClocks) return OnClock(*member, message.clock(), now);
  const bool is_ours = message.prepared().transaction_id() == id_ || message.applied().transaction_id() == id_ ||
                       message.rejected().transaction_id() == id_;
  if (!is_ours || member->answered) return;
  if (step_ == Step::kPrepare) return OnPrepareAnswered(*member, message, now);
  if (step_ == Step::kCommit) return OnCommitAnswered(*member, message, now);
  member->answered = true;
  // Its time ran out.
  if (step_ == Step::kPause && message.has_rejected()) {
    faults_.push_back(absl::StrCat(member->node_id, " holds it no longer: ", Why(message.rejected())));
    member->prepared = false;
    return Abort(now);
  }
  GoOn(now);
}

void FleetChange::OnClock(Member& member, const v1::Clock& clock, TimePoint now) {
  member.clock.Add(clock, member.asked_us, wall_clock_());
  if (member.clock.samples() < kClockSamples) return AskForClock(member, now);
  member.answered = true;
  GoOn(now);
}

void FleetChange::OnPrepareAnswered(Member& member, const v1::FromProxy& message, TimePoint now) {
  member.answered = true;
  member.prepared = message.has_prepared();
  if (message.has_rejected()) {
    faults_.push_back(absl::StrCat(member.node_id, " can't prepare: ", Why(message.rejected())));
  }
  GoOn(now);
}

void FleetChange::OnCommitAnswered(Member& member, const v1::FromProxy& message, TimePoint now) {
  member.answered = true;
  if (message.has_applied()) {
    member.switched_us =
        static_cast<uint64_t>(static_cast<int64_t>(message.applied().switched_us()) - *member.clock.offset_us());
  } else {
    faults_.push_back(absl::StrCat(member.node_id, " did not commit: ", Why(message.rejected())));
  }
  GoOn(now);
}

void FleetChange::OnClosed(ProxySession* session) {
  Member* const member = under_way() ? Find(session) : nullptr;
  if (member == nullptr) return;
  member->session = nullptr;
  member->prepared = false;
  faults_.push_back(absl::StrCat(member->node_id, " was lost"));
  somebody_was_lost_ = true;
}

void FleetChange::OnTime(TimePoint now) {
  if (std::exchange(somebody_was_lost_, false)) {
    const bool all_can_still_be_stopped = step_ == Step::kClocks || step_ == Step::kPause;
    return all_can_still_be_stopped ? Abort(now) : GoOn(now);
  }
  if (now < deadline_) return;
  deadline_ = TimePoint::max();
  if (step_ == Step::kClocks) {
    CheckClocks();
    Abort(now);
  } else if (step_ == Step::kPause) {
    Commit(now);
  }
}

void FleetChange::GoOn(TimePoint now) {
  if (!AllAnswered()) return;
  switch (step_) {
    case Step::kClocks:
      CheckClocks();
      return faults_.empty() ? Prepare(now) : Abort(now);
    case Step::kPrepare:
      if (!faults_.empty()) return Abort(now);
      Enter(Step::kPause);
      deadline_ = now + settings_.pause;
      say_(absl::StrCat("fleet: ", id_, ": all are prepared"));
      if (settings_.pause == settings_.pause.zero()) Commit(now);
      return;
    case Step::kCommit:
    case Step::kAbort:
      return Finish();
    case Step::kPause:
    case Step::kNone:
      return;
  }
}

void FleetChange::CheckClocks() {
  const int64_t most_us = std::chrono::microseconds(settings_.max_skew).count();
  for (const Member& member : members_) {
    if (member.session == nullptr) continue;
    const std::optional<int64_t> offset_us = member.clock.offset_us();
    if (!offset_us.has_value()) {
      faults_.push_back(absl::StrCat(member.node_id, " does not say what its clock is"));
    } else if (*offset_us > most_us || *offset_us < -most_us) {
      faults_.push_back(absl::StrCat(
          "the clock of ", member.node_id, " is ", Milliseconds(static_cast<uint64_t>(std::abs(*offset_us))),
          *offset_us > 0 ? " ahead" : " behind", ", more than ", settings_.max_skew.count(), " ms"));
    }
  }
}

void FleetChange::Prepare(TimePoint now) {
  Enter(Step::kPrepare);
  const std::chrono::milliseconds hold_for = settings_.hold_for + settings_.pause;
  for (Member& member : members_) {
    v1::ToProxy message;
    v1::Prepare& prepare = *message.mutable_prepare();
    *prepare.mutable_transaction() = member.session->TransactionTo(*target_);
    prepare.mutable_transaction()->set_id(id_);
    prepare.mutable_hold_for()->set_seconds(hold_for.count() / 1'000);
    prepare.mutable_hold_for()->set_nanos(static_cast<int32_t>(hold_for.count() % 1'000 * 1'000'000));
    member.session->SendPrepare(std::move(prepare), target_, now);
  }
}

void FleetChange::Commit(TimePoint now) {
  Enter(Step::kCommit);
  on_decided_(now);
  uint64_t lead_us = static_cast<uint64_t>(std::chrono::microseconds(settings_.lead).count());
  for (const Member& member : members_) lead_us = std::max(lead_us, 4 * member.clock.round_trip_us());
  at_us_ = wall_clock_() + lead_us;
  say_(absl::StrCat("fleet: ", id_, ": commits in ", Milliseconds(lead_us)));
  for (Member& member : members_) {
    v1::ToProxy message;
    v1::Commit& commit = *message.mutable_commit();
    commit.set_transaction_id(id_);
    commit.set_at_us(static_cast<uint64_t>(static_cast<int64_t>(at_us_) + *member.clock.offset_us()));
    if (const auto epoch = member.session->leader_epoch()) commit.set_leader_epoch(*epoch);
    member.session->Send(message, now);
  }
}

void FleetChange::Abort(TimePoint now) {
  Enter(Step::kAbort);
  std::vector<std::string> aborted;
  for (Member& member : members_) {
    member.answered = !member.prepared;
    if (!member.prepared) continue;
    aborted.push_back(member.node_id);
    v1::ToProxy message;
    v1::Abort& abort = *message.mutable_abort();
    abort.set_transaction_id(id_);
    if (const auto epoch = member.session->leader_epoch()) abort.set_leader_epoch(*epoch);
    member.session->Send(message, now);
  }
  say_(absl::StrCat("fleet: ", id_, ": stopped, nobody switches",
                    aborted.empty() ? "" : absl::StrCat(" (aborted on ", absl::StrJoin(aborted, ", "), ")"), ":\n  ",
                    absl::StrJoin(faults_, "\n  ")));
  GoOn(now);
}

void FleetChange::Finish() {
  const Step step = std::exchange(step_, Step::kNone);
  deadline_ = TimePoint::max();
  if (step != Step::kCommit) return;
  std::vector<uint64_t> times;
  for (const Member& member : members_) {
    if (member.switched_us != 0) times.push_back(member.switched_us);
  }
  if (!times.empty()) {
    const auto [first, last] = std::minmax_element(times.begin(), times.end());
    say_(absl::StrCat("fleet: ", id_, ": ", times.size(), " of ", members_.size(), " proxies switched within ",
                      Milliseconds(*last - *first), " of each other, at most ",
                      Milliseconds(*last > at_us_ ? *last - at_us_ : 0), " late"));
  }
  if (!faults_.empty()) {
    say_(absl::StrCat("fleet: ", id_, ": not all switched; the others get it as they can:\n  ",
                      absl::StrJoin(faults_, "\n  ")));
  }
}

}  // namespace fairlead::controlplane_mock
