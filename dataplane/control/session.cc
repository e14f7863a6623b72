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
// That wait for their time.
constexpr size_t kMaxCommits = 4;

// Health that changed is nothing to a watcher of the configuration alone, nor is a change that an earlier report told.
bool HoldsResources(const v1::StateReport& report) {
  return report.has_config() || report.listeners_size() + report.servers_size() + report.removed_size() +
                                        report.certificates_size() + report.ticket_keys_size() >
                                    0;
}

}  // namespace

Session::Session(ControlCore* core, event::TimerWheel* timers, Wire* wire, identity::Peer peer)
    : core_(core), timers_(timers), wire_(wire), peer_(std::move(peer)) {}

Session::~Session() { ForgetAnswers(); }

void Session::ForgetAnswers() {
  if (ticket_) core_->ForgetAnswer(*std::exchange(ticket_, std::nullopt));
  for (const uint64_t ticket : std::exchange(commit_tickets_, {})) core_->ForgetAnswer(ticket);
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
  hello.add_capabilities("prepare");
  hello.add_capabilities("health-evidence");
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
    case v1::ToProxy::kGetClock:
      inbox_.push_back({std::move(message), core_->WallClock()});
      break;
    case v1::ToProxy::MESSAGE_NOT_SET:
      return End(absl::InvalidArgumentError("a message that is empty, or of a kind that this version does not know"));
    default:
      inbox_.push_back({std::move(message), 0});
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
    Incoming incoming = std::move(inbox_.front());
    inbox_.pop_front();
    Take(std::move(incoming));
  }
  proceeding_ = false;
  if (ended_) return;
  ReportToWatchers();
  if (read_ended_ && inbox_.empty() && !answer_is_due_ && commit_tickets_.empty() && idle()) {
    return End(absl::OkStatus());
  }
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

void Session::Take(Incoming incoming) {
  v1::ToProxy& message = incoming.message;
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
    case v1::ToProxy::kGetExplanation:
      return TakeGetExplanation(message.get_explanation());
    case v1::ToProxy::kPrepare:
      return TakePrepare(std::move(*message.mutable_prepare()));
    case v1::ToProxy::kCommit:
      return TakeCommit(message.commit());
    case v1::ToProxy::kAbort:
      return TakeAbort(message.abort());
    case v1::ToProxy::kGetClock:
      return TakeGetClock(message.get_clock(), incoming.received_us);
    default:
      return;  // OnRead lets nothing else through
  }
}

template <typename Submit>
void Session::SubmitAndWait(Submit submit) {
  answer_is_due_ = true;
  const uint64_t ticket = submit([this](std::shared_ptr<const v1::FromProxy> answer) { OnAnswer(std::move(answer)); });
  if (answer_is_due_) ticket_ = ticket;
}

void Session::TakeTransaction(v1::Transaction transaction) {
  SubmitAndWait(
      [&](auto on_answer) { return core_->SubmitTransaction(std::move(transaction), std::move(on_answer), peer_); });
}

void Session::TakePrepare(v1::Prepare prepare) {
  SubmitAndWait([&](auto on_answer) { return core_->Prepare(std::move(prepare), std::move(on_answer), peer_); });
}

void Session::TakeCommit(const v1::Commit& commit) {
  if (commit.at_us() == 0) {
    return SubmitAndWait([&](auto on_answer) { return core_->Commit(commit, std::move(on_answer), peer_); });
  }
  // It may be an hour ahead, and what is to come then can still be aborted.
  if (commit_tickets_.size() == kMaxCommits) {
    return End(absl::ResourceExhaustedError(absl::StrCat("more than ", kMaxCommits, " Commits wait for their time")));
  }
  auto answered = std::make_shared<std::optional<uint64_t>>();  // the ticket, once it is known
  const uint64_t ticket = core_->Commit(
      commit,
      [this, answered](std::shared_ptr<const v1::FromProxy> answer) {
        if (answered->has_value()) std::erase(commit_tickets_, **answered);
        *answered = 0;
        Send(std::move(answer));
        Proceed();
      },
      peer_);
  if (answered->has_value()) return;
  *answered = ticket;
  commit_tickets_.push_back(ticket);
}

void Session::TakeAbort(const v1::Abort& abort) {
  SubmitAndWait([&](auto on_answer) { return core_->Abort(abort, std::move(on_answer), peer_); });
}

void Session::TakeGetClock(const v1::GetClock& get, uint64_t received_us) {
  auto message = std::make_shared<v1::FromProxy>();
  v1::Clock& clock = *message->mutable_clock();
  clock.set_request_id(get.request_id());
  clock.set_received_us(received_us);
  clock.set_sent_us(core_->WallClock());
  Send(std::move(message));
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
    if (auto prepared = core_->FindPrepared()) *report.mutable_prepared() = *std::move(prepared);
    if (auto saving = core_->FindSaving()) *report.mutable_saving() = *std::move(saving);
  }
  report.set_request_id(get.request_id());
  Send(std::move(message));
}

void Session::TakeConfirm(const v1::Confirm& confirm) {
  answer_is_due_ = true;
  const uint64_t ticket =
      core_->Confirm(confirm.transaction_id(), peer_,
                     [this](std::shared_ptr<const v1::FromProxy> answer) { OnAnswer(std::move(answer)); });
  if (answer_is_due_) ticket_ = ticket;
}

void Session::TakeGetHistory(const v1::GetHistory& get) {
  auto message = std::make_shared<v1::FromProxy>();
  *message->mutable_history() = core_->ReportHistory(get.limit() == 0 ? SIZE_MAX : get.limit());
  message->mutable_history()->set_request_id(get.request_id());
  Send(std::move(message));
}

void Session::TakeGetExplanation(const v1::GetExplanation& get) {
  auto message = std::make_shared<v1::FromProxy>();
  *message->mutable_explanation() = core_->reporter().Explain(get.backend(), get.server());
  message->mutable_explanation()->set_request_id(get.request_id());
  message->mutable_explanation()->set_time_ms(core_->WallClock() / 1'000);
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
  ForgetAnswers();
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
