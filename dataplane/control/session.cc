#include "dataplane/control/session.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace fairlead::control {
namespace {

constexpr uint32_t kProtocolVersion = 1;
// Messages that wait to be taken. Each may be as large as a whole fleet.
constexpr size_t kMaxInbox = 4;
// Answers that wait to be written before more is taken.
constexpr size_t kMaxOutbox = 4;
constexpr size_t kMaxWatches = 16;

// Health that changed is nothing to a watcher of the configuration alone, nor is a change that an earlier report told.
bool HoldsResources(const v1::StateReport& report) {
  return report.has_config() || report.listeners_size() + report.servers_size() + report.removed_size() +
                                        report.certificates_size() + report.ticket_keys_size() >
                                    0;
}

}  // namespace

Session::Session(ControlCore* core, event::TimerWheel* timers, Wire* wire, identity::Peer peer)
    : core_(core), timers_(timers), wire_(wire), peer_(std::move(peer)) {}

Session::~Session() {
  if (ticket_) core_->ForgetAnswer(*ticket_);
}

void Session::Start() {
  SendHello();
  Proceed();
}

void Session::SendHello() {
  auto message = std::make_shared<v1::FromProxy>();
  v1::Hello& hello = *message->mutable_hello();
  const ControlCore::Options& options = core_->options();
  hello.set_protocol_version(kProtocolVersion);
  hello.set_node_id(options.node_id);
  hello.set_zone(options.zone);
  hello.set_version(options.version);
  hello.set_revision(core_->revision());
  hello.set_fingerprint(core_->fingerprint());
  hello.set_leader_epoch(core_->leader_epoch());
  hello.set_heartbeat_interval_ms(static_cast<uint32_t>(options.heartbeat_interval.count()));
  hello.set_heartbeat_timeout_ms(static_cast<uint32_t>(options.heartbeat_timeout.count()));
  Send(std::move(message));
}

void Session::Send(std::shared_ptr<const v1::FromProxy> message) {
  outbox_.push_back(std::move(message));
  Flush();
}

void Session::Flush() {
  if (writing_ || outbox_.empty()) return;
  writing_ = true;
  wire_->Write(std::move(outbox_.front()));
  outbox_.pop_front();
  timers_->Schedule(&heartbeat_timer_, static_cast<uint64_t>(core_->options().heartbeat_interval.count()));
}

void Session::OnWritten() {
  if (ended_) return;
  writing_ = false;
  Flush();
  Proceed();
}

void Session::OnRead(v1::ToProxy message) {
  if (ended_) return;
  reading_ = false;
  switch (message.message_case()) {
    case v1::ToProxy::kHeartbeat:
      break;  // heard, which is all that it is for
    case v1::ToProxy::kPrepare:
    case v1::ToProxy::kCommit:
    case v1::ToProxy::kAbort:
    case v1::ToProxy::kGetClock:
      return End(absl::UnimplementedError("prepare, commit, abort and get_clock: this version does not do them yet"));
    case v1::ToProxy::MESSAGE_NOT_SET:
      return End(absl::InvalidArgumentError("a message that is empty, or of a kind that this version does not know"));
    default:
      inbox_.push_back(std::move(message));
  }
  Proceed();
}

void Session::OnReadEnd() {
  if (ended_) return;
  reading_ = false;
  read_ended_ = true;
  Proceed();
}

void Session::Proceed() {
  // Answers may come from inside a submission: the loop below goes on with them, not a deeper call.
  if (proceeding_) return;
  proceeding_ = true;
  while (!ended_ && !answer_is_due_ && !inbox_.empty() && outbox_.size() < kMaxOutbox) {
    v1::ToProxy message = std::move(inbox_.front());
    inbox_.pop_front();
    Take(std::move(message));
  }
  proceeding_ = false;
  if (ended_) return;
  ReportToWatchers();
  if (read_ended_ && inbox_.empty() && !answer_is_due_ && idle()) return End(absl::OkStatus());
  ReadOn();
}

void Session::ReadOn() {
  const auto timeout = static_cast<uint64_t>(core_->options().heartbeat_timeout.count());
  if (reading_) return;
  if (read_ended_) {
    // What is left to be said has the same time as a silence.
    if (!silence_timer_.scheduled()) timers_->Schedule(&silence_timer_, timeout);
  } else if (inbox_.size() < kMaxInbox) {
    reading_ = true;
    timers_->Schedule(&silence_timer_, timeout);
    wire_->Read();
  } else {
    timers_->Cancel(&silence_timer_);
  }
}

void Session::Take(v1::ToProxy message) {
  switch (message.message_case()) {
    case v1::ToProxy::kTransaction:
      return TakeTransaction(std::move(*message.mutable_transaction()));
    case v1::ToProxy::kGet:
      return TakeGet(message.get());
    case v1::ToProxy::kWatch:
      return TakeWatch(message.watch());
    case v1::ToProxy::kConfirm:
      return TakeConfirm(message.confirm());
    case v1::ToProxy::kGetHistory:
      return TakeGetHistory(message.get_history());
    default:
      return;  // OnRead lets nothing else through
  }
}

void Session::TakeTransaction(v1::Transaction transaction) {
  answer_is_due_ = true;
  const uint64_t ticket = core_->SubmitTransaction(
      std::move(transaction), [this](std::shared_ptr<const v1::FromProxy> answer) { OnAnswer(std::move(answer)); },
      peer_.source);
  if (answer_is_due_) ticket_ = ticket;
}

void Session::OnAnswer(std::shared_ptr<const v1::FromProxy> answer) {
  answer_is_due_ = false;
  ticket_.reset();
  Send(std::move(answer));
  Proceed();
}

void Session::TakeGet(const v1::Get& get) {
  auto message = std::make_shared<v1::FromProxy>();
  v1::StateReport& report = *message->mutable_state_report();
  if (get.has_revision() && get.revision() != core_->revision()) {
    report = core_->ReportRevision(get.revision());
  } else {
    report = core_->reporter().ReportAll(ReportFilter(get.filter()));
    if (auto unconfirmed = core_->FindUnconfirmed()) *report.mutable_unconfirmed() = *std::move(unconfirmed);
    if (auto saving = core_->FindSaving()) *report.mutable_saving() = *std::move(saving);
  }
  report.set_request_id(get.request_id());
  Send(std::move(message));
}

void Session::TakeConfirm(const v1::Confirm& confirm) {
  answer_is_due_ = true;
  const uint64_t ticket = core_->Confirm(
      confirm.transaction_id(), [this](std::shared_ptr<const v1::FromProxy> answer) { OnAnswer(std::move(answer)); });
  if (answer_is_due_) ticket_ = ticket;
}

void Session::TakeGetHistory(const v1::GetHistory& get) {
  auto message = std::make_shared<v1::FromProxy>();
  *message->mutable_history() = core_->ReportHistory(get.limit() == 0 ? SIZE_MAX : get.limit());
  message->mutable_history()->set_request_id(get.request_id());
  Send(std::move(message));
}

void Session::TakeWatch(const v1::Watch& watch) {
  if (watches_.size() == kMaxWatches) {
    return End(absl::ResourceExhaustedError(absl::StrCat("more than ", kMaxWatches, " watches on one stream")));
  }
  if (subscription_ == nullptr) {
    subscription_ = std::make_unique<Subscribers::Subscription>(&core_->subscribers(),
                                                                [this](const Changes& changes) { OnChange(changes); });
  }
  watches_.push_back({watch.request_id(), ReportFilter(watch.filter()), core_->snapshot(), {}});
  auto message = std::make_shared<v1::FromProxy>();
  *message->mutable_state_report() = core_->reporter().ReportAll(watches_.back().filter);
  message->mutable_state_report()->set_request_id(watch.request_id());
  Send(std::move(message));
}

void Session::OnChange(const Changes& changes) {
  for (Watch& watch : watches_) watch.changes.Add(changes);
  ReportToWatchers();
}

void Session::ReportToWatchers() {
  for (Watch& watch : watches_) {
    // The next when this one is written: until then, changes gather.
    if (!idle()) return;
    if (watch.changes.empty()) continue;
    auto message = std::make_shared<v1::FromProxy>();
    v1::StateReport& report = *message->mutable_state_report();
    report = core_->reporter().ReportChanges(*watch.seen, watch.changes, watch.filter);
    report.set_request_id(watch.request_id);
    const bool says_something = report.revision() != watch.seen->revision || HoldsResources(report);
    watch.seen = core_->snapshot();
    watch.changes = ChangeSet();
    if (says_something) Send(std::move(message));
  }
}

void Session::End(const absl::Status& status) {
  ended_ = true;
  timers_->Cancel(&heartbeat_timer_);
  timers_->Cancel(&silence_timer_);
  if (ticket_) core_->ForgetAnswer(*std::exchange(ticket_, std::nullopt));
  subscription_.reset();
  watches_.clear();
  inbox_.clear();
  outbox_.clear();
  wire_->End(status);
}

void Session::OnHeartbeatDue(void* session) {
  auto* self = static_cast<Session*>(session);
  if (self->idle()) {
    auto message = std::make_shared<v1::FromProxy>();
    message->mutable_heartbeat()->set_sequence(++self->last_heartbeat_);
    self->Send(std::move(message));
  } else {
    // The peer has not read what was sent before.
    self->timers_->Schedule(&self->heartbeat_timer_,
                            static_cast<uint64_t>(self->core_->options().heartbeat_interval.count()));
  }
}

void Session::OnSilence(void* session) {
  auto* self = static_cast<Session*>(session);
  self->End(absl::DeadlineExceededError(
      absl::StrCat("nothing heard for ", self->core_->options().heartbeat_timeout.count(), " ms")));
}

}  // namespace fairlead::control
