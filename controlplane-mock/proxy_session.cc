#include "controlplane-mock/proxy_session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "api/diff/diff.h"
#include "controlplane-mock/event_text.h"

namespace fairlead::controlplane_mock {
namespace {

constexpr uint32_t kProtocolVersion = 1;
// The proxy takes no more in one transaction; a snapshot has no such limit.
constexpr size_t kMostOperations = 1'000'000;

bool BaseWasStale(const v1::Rejected& rejected) {
  return std::any_of(rejected.violations().begin(), rejected.violations().end(), [](const v1::Violation& violation) {
    return violation.code() == v1::Violation::STALE_BASE_REVISION;
  });
}

}  // namespace

ProxySession::ProxySession(const SessionSettings& settings, const DesiredState* desired, const Mandate* mandate,
                           TransactionIds* ids, ProxyStream* stream, EventSink on_event, TimePoint now)
    : settings_(settings),
      desired_(desired),
      mandate_(mandate),
      ids_(ids),
      stream_(stream),
      on_event_(std::move(on_event)),
      heartbeats_(now) {}

bool ProxySession::up_to_date() const {
  return base_ != nullptr && base_->fingerprint == desired_->current()->fingerprint;
}

void ProxySession::OnMessage(const v1::FromProxy& message, TimePoint now) {
  if (ended_) return;
  heartbeats_.Heard(now);
  if (message.has_hello() == hello_.has_value()) {
    EndStream(absl::FailedPreconditionError(hello_ ? "Hello came twice" : "the first message must be Hello"));
    return;
  }
  switch (message.message_case()) {
    case v1::FromProxy::kHello:
      return OnHello(message.hello(), now);
    case v1::FromProxy::kApplied:
      return OnApplied(message.applied(), now);
    case v1::FromProxy::kRejected:
      return OnRejected(message.rejected(), now);
    case v1::FromProxy::kStateReport:
      return OnStateReport(message.state_report(), now);
    case v1::FromProxy::kHeartbeat:
      return;
    case v1::FromProxy::kHistory:
    case v1::FromProxy::kPrepared:
    case v1::FromProxy::kClock:
      return;  // FleetChange asked
    case v1::FromProxy::kConfirmed:
      return Emit(ProxyEvent::Kind::kWarning, "answered what nobody has asked");
    case v1::FromProxy::MESSAGE_NOT_SET:
      return Emit(ProxyEvent::Kind::kWarning, "sent a message of a kind that is not known here");
  }
}

void ProxySession::OnHello(const v1::Hello& hello, TimePoint now) {
  if (hello.protocol_version() != kProtocolVersion) {
    return EndStream(absl::FailedPreconditionError(
        absl::StrCat("protocol_version: ", hello.protocol_version(), " is not spoken here, only ", kProtocolVersion)));
  }
  if (hello.node_id().empty()) return EndStream(absl::InvalidArgumentError("node_id: must not be empty"));

  hello_ = hello;
  heartbeats_.Start(std::chrono::milliseconds(hello.heartbeat_interval_ms()),
                    std::chrono::milliseconds(hello.heartbeat_timeout_ms()));
  highest_leader_epoch_ = hello.leader_epoch();
  revision_ = hello.revision();
  fingerprint_ = hello.fingerprint();
  base_ = desired_->Find(fingerprint_);

  const char* what_follows = up_to_date()     ? EpochIsNews() ? "fingerprint matches: nothing but the epoch to send"
                                                              : "fingerprint matches: nothing to send"
                             : base_          ? "a state known from before"
                             : revision_ == 0 ? "serving nothing yet"
                                              : "a state not known here";
  Emit(ProxyEvent::Kind::kConnected, absl::StrCat("connected at revision ", revision_, ", ", what_follows));
  Converge(now);
}

void ProxySession::OnApplied(const v1::Applied& applied, TimePoint now) {
  const std::optional<InFlight> answered = TakeAnswered(applied.transaction_id());
  if (!answered) return;
  if (!applied.dry_run()) {
    revision_ = applied.revision();
    fingerprint_ = applied.fingerprint();
    if (answered->target) {
      base_ = answered->target;
    } else if (base_ == nullptr || base_->fingerprint != fingerprint_) {
      base_ = desired_->Find(fingerprint_);
      ask_first_ = true;
      held_generation_ = answered->generation;
    }
  }
  Emit(ProxyEvent::Kind::kApplied, DescribeApplied(applied));
  if (answered->target && answered->target->fingerprint != applied.fingerprint()) {
    Emit(ProxyEvent::Kind::kWarning,
         absl::StrCat("has fingerprint ", applied.fingerprint(), " for what is here ", answered->target->fingerprint));
  }
  Converge(now);
}

void ProxySession::OnRejected(const v1::Rejected& rejected, TimePoint now) {
  const std::optional<InFlight> answered = TakeAnswered(rejected.transaction_id());
  if (!answered) return;
  revision_ = rejected.revision();
  fingerprint_ = rejected.fingerprint();
  std::string text = DescribeRejected(rejected);
  if (base_ != nullptr && base_->fingerprint != fingerprint_) {
    base_ = desired_->Find(fingerprint_);
    ask_first_ = !settings_.force;
    absl::StrAppend(&text, "\n  somebody else has written to it");
  }
  // Another base is worth another try, anything else is not.
  if (answered->target && !BaseWasStale(rejected)) held_generation_ = answered->generation;
  Emit(ProxyEvent::Kind::kRejected, text, {rejected.violations().begin(), rejected.violations().end()});
  Converge(now);
}

void ProxySession::OnStateReport(const v1::StateReport& report, TimePoint now) {
  if (question_.empty() || report.request_id() != question_) {
    return Emit(ProxyEvent::Kind::kWarning, "sent a report that nobody asked for");
  }
  question_.clear();
  revision_ = report.revision();
  fingerprint_ = report.fingerprint();
  base_ = desired_->Find(fingerprint_);
  if (base_ == nullptr) base_ = MakeState(report.config());
  Emit(ProxyEvent::Kind::kReported, absl::StrCat("serves revision ", revision_));
  if (base_->fingerprint != fingerprint_) {
    Emit(ProxyEvent::Kind::kWarning,
         absl::StrCat("reports a state of fingerprint ", base_->fingerprint, " as ", fingerprint_, ": replacing it"));
    base_ = nullptr;
    ask_first_ = false;
  }
  Converge(now);
}

std::optional<ProxySession::InFlight> ProxySession::TakeAnswered(const std::string& transaction_id) {
  const auto found = std::find_if(in_flight_.begin(), in_flight_.end(),
                                  [&](const InFlight& sent) { return sent.id == transaction_id; });
  if (found == in_flight_.end()) {
    Emit(ProxyEvent::Kind::kWarning, absl::StrCat("answered \"", transaction_id, "\", which waits for no answer"));
    return std::nullopt;
  }
  InFlight answered = std::move(*found);
  in_flight_.erase(found);
  return answered;
}

void ProxySession::OnDesiredChanged(TimePoint now) { Converge(now); }

void ProxySession::OnMandateChanged(TimePoint now) {
  held_generation_.reset();  // what was refused to an earlier leadership
  Converge(now);
}

void ProxySession::Converge(TimePoint now) {
  if (!idle() || ended_ || silent_until_ || !mandate_->holds(now)) return;
  if ((up_to_date() && !EpochIsNews()) || held_generation_ == desired_->generation()) return;
  if (base_ == nullptr && ask_first_) return AskForState(now);
  Transmit(TransactionTo(*desired_->current()), desired_->current(), now);
}

v1::Transaction ProxySession::TransactionTo(const State& target) const {
  v1::Transaction transaction;
  transaction.set_author("controlplane_mock");
  if (mandate_->leader_epoch) transaction.set_leader_epoch(*mandate_->leader_epoch);
  if (base_ != nullptr && base_->fingerprint == target.fingerprint) {
    // Back to where it is: this changes nothing, or is refused if somebody else has written meanwhile.
    transaction.set_base_revision(revision_);
    transaction.set_rollback_to(revision_);
    return transaction;
  }
  if (base_ != nullptr) {
    std::vector<v1::Operation> operations = api::Diff(base_->snapshot, target.snapshot);
    if (!operations.empty() && operations.size() <= kMostOperations) {
      transaction.set_base_revision(revision_);
      transaction.mutable_operations()->Assign(std::make_move_iterator(operations.begin()),
                                               std::make_move_iterator(operations.end()));
      return transaction;
    }
  }
  *transaction.mutable_snapshot() = target.snapshot;
  return transaction;
}

void ProxySession::SendTransaction(v1::Transaction transaction, TimePoint now) {
  Transmit(std::move(transaction), nullptr, now);
}

void ProxySession::Transmit(v1::Transaction transaction, StatePtr target, TimePoint now) {
  if (transaction.id().empty()) transaction.set_id(ids_->Next());
  highest_leader_epoch_ = std::max(highest_leader_epoch_, static_cast<uint64_t>(transaction.leader_epoch()));
  in_flight_.push_back({transaction.id(), std::move(target), desired_->generation()});
  v1::ToProxy message;
  *message.mutable_transaction() = std::move(transaction);
  Send(message, now);
  Emit(ProxyEvent::Kind::kSent, absl::StrCat("sending ", DescribeTransaction(message.transaction())));
  last_transaction_ = std::move(*message.mutable_transaction());
}

void ProxySession::SendPrepare(v1::Prepare prepare, StatePtr target, TimePoint now) {
  v1::ToProxy message;
  *message.mutable_prepare() = std::move(prepare);
  const v1::Transaction& transaction = message.prepare().transaction();
  highest_leader_epoch_ = std::max(highest_leader_epoch_, static_cast<uint64_t>(transaction.leader_epoch()));
  in_flight_.push_back({transaction.id(), std::move(target), desired_->generation()});
  Send(message, now);
  Emit(ProxyEvent::Kind::kSent, absl::StrCat("preparing ", DescribeTransaction(transaction)));
}

void ProxySession::AskForState(TimePoint now) {
  question_ = ids_->Next();
  v1::ToProxy message;
  message.mutable_get()->set_request_id(question_);
  message.mutable_get()->mutable_filter()->set_without_status(true);
  Send(message, now);
  Emit(ProxyEvent::Kind::kSent, "asking what it serves");
}

void ProxySession::Send(const v1::ToProxy& message, TimePoint now) { SendBytes(message.SerializeAsString(), now); }

void ProxySession::SendBytes(std::string bytes, TimePoint now) {
  heartbeats_.Sent(now);
  stream_->SendBytes(std::move(bytes));
}

void ProxySession::FallSilent(std::chrono::milliseconds duration, TimePoint now) {
  silent_until_ = now + duration;
  stream_->PauseReading();
}

void ProxySession::OnTime(TimePoint now) {
  if (ended_) return;
  if (silent_until_) {
    if (now < *silent_until_) return;
    silent_until_.reset();
    heartbeats_.Heard(now);
    stream_->ResumeReading();
    Converge(now);
  }
  if (heartbeats_.GaveUp(now)) {
    return EndStream(absl::DeadlineExceededError(
        absl::StrCat(hello_ ? "nothing heard" : "no Hello", " for ", heartbeats_.timeout().count(), " ms")));
  }
  if (heartbeats_.SendIsDue(now)) {
    v1::ToProxy message;
    message.mutable_heartbeat()->set_sequence(++heartbeat_sequence_);
    Send(message, now);
  }
}

TimePoint ProxySession::NextDeadline() const {
  if (ended_) return TimePoint::max();
  return silent_until_ ? *silent_until_ : heartbeats_.NextDeadline();
}

void ProxySession::EndStream(const absl::Status& reason) {
  ended_ = true;
  Emit(ProxyEvent::Kind::kWarning, absl::StrCat("ending the stream: ", std::string(reason.message())));
  stream_->End(reason);
}

void ProxySession::OnClosed(const absl::Status& reason) {
  ended_ = true;
  Emit(ProxyEvent::Kind::kLost,
       reason.ok() ? "stream ended" : absl::StrCat("stream lost: ", std::string(reason.message())));
}

void ProxySession::Emit(ProxyEvent::Kind kind, const std::string& what, std::vector<v1::Violation> violations) {
  const bool first = kind == ProxyEvent::Kind::kConnected;
  const std::string who = !hello_ ? "a proxy without a Hello"
                          : first ? DescribeProxy(*hello_)
                                  : "proxy " + hello_->node_id();
  on_event_({.kind = kind,
             .node_id = hello_ ? hello_->node_id() : "",
             .zone = hello_ ? hello_->zone() : "",
             .revision = revision_,
             .fingerprint = fingerprint_,
             .violations = std::move(violations),
             .text = absl::StrCat(who, first ? " " : ": ", what)});
}

}  // namespace fairlead::controlplane_mock
