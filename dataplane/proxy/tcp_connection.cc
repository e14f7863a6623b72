#include "dataplane/proxy/tcp_connection.h"

#include <string>
#include <utility>
#include <vector>

#include "dataplane/proxy/admission.h"
#include "dataplane/proxy/sent_proxy_header.h"

namespace fairlead::proxy {

TcpConnection::TcpConnection(Environment* environment, Client client, event::Socket* socket, buffer::Slice begin)
    : environment_(environment),
      client_(std::move(client)),
      log_(client_.listener->access_log == nullptr ? nullptr : new ConnectionLog),
      relay_(environment->loop, environment->turn_work, this, this),
      timer_([](void* self) { static_cast<TcpConnection*>(self)->OnTimeout(); }, this),
      idle_timeout_ms_(client_.listener->tcp->idle_timeout.count()) {
  client_.listener->connections.PushBack(this);
  if (log_ != nullptr) log_->Received(begin.size());
  if (!begin.empty()) relay_.output(Relay::kServer).Append(std::move(begin));
  relay_.Attach(Relay::kClient, socket);
  environment_->loop->timers().Schedule(&timer_, idle_timeout_ms_);
  Balance();
}

void TcpConnection::Balance() {
  Unpin();
  pin_ = environment_->snapshots->Pin();
  avoid_ = load_balancing::Policy::kNone;  // slots of another revision may belong to others

  const config::Snapshot& snapshot = *pin_->snapshot;
  const config::TcpSettings& settings = *client_.listener->tcp;
  const config::Backend* backend =
      settings.backend < snapshot.backends.size() ? snapshot.backends[settings.backend].get() : nullptr;
  if (log_ != nullptr) log_->Balance(snapshot.revision, settings.backend_id);
  if (backend == nullptr || backend->settings->id != settings.backend_id) {
    return Fail(DecidedBy::kProxy, Reason::kListenerRemoved);
  }
  backend_slot_ = settings.backend;
  StartAttempt();
}

void TcpConnection::StartAttempt() {
  upstream::Backend& backend = *environment_->backends->Get(backend_slot_);
  const upstream::Admission admission = backend.Admit(this, avoid_, /*fresh=*/true);
  switch (admission.outcome) {
    case upstream::Admission::Outcome::kAdmitted:
      return OnAdmitted(admission.choice);
    case upstream::Admission::Outcome::kWaiting:
      return;
    case upstream::Admission::Outcome::kNoEligibleServer:
      environment_->counters->no_eligible_server.Increment();
      backend.counters().no_eligible_server.Increment();
      return Fail(DecidedBy::kProxy, Reason::kNoEligibleServer);
    case upstream::Admission::Outcome::kNoRoom:
      return Fail(DecidedBy::kProxy, Reason::kServersAtLimit);
  }
}

void TcpConnection::OnAdmitted(const upstream::Choice& choice) {
  if (attempts_++ > 0) {
    environment_->counters->retries.Increment();
    environment_->backends->Get(backend_slot_)->counters().retries.Increment();
  }
  server_ = choice.server;
  server_slot_ = choice.slot;
  const config::Backend& config = *pin_->snapshot->backends[backend_slot_];
  server_counters_ = config.servers[server_slot_]->counters;
  backend_counters_ = config.counters;
  if (log_ != nullptr) log_->Attempt(*config.servers[server_slot_]);
  absl::StatusOr<upstream::Connection*> connection = server_->Acquire(this, choice.place);
  if (!connection.ok()) return Fail(DecidedBy::kProxy, Reason::kNoDescriptors);
  connection_ = *connection;
}

void TcpConnection::OnConnected() {
  connected_ = true;
  if (log_ != nullptr) log_->Connected();
  // In front of what the client has said meanwhile.
  const std::string header = MakeProxyHeader(server_->settings().send_proxy_protocol, client_);
  if (!header.empty()) {
    buffer::Queue& output = relay_.output(Relay::kServer);
    std::vector<buffer::Slice> early = output.TakeSlices();
    output.Append(header, environment_->loop->blocks());
    for (buffer::Slice& slice : early) output.Append(std::move(slice));
  }
  relay_.Attach(Relay::kServer, connection_->TakeSocket());
  Unpin();
}

void TcpConnection::OnServerError(http::ServerError error, std::string_view detail) {
  connection_ = nullptr;
  if (connected_) return Fail(DecidedBy::kProxy, ReasonOf(error), detail);
  if (error != http::ServerError::kAbandoned) server_->CountFailure();
  const bool retry = MayRetry(error);
  LeaveServer();
  if (!retry) {
    environment_->counters->upstream_failures.Increment();
    return Fail(DecidedBy::kProxy, ReasonOf(error), detail);
  }
  // Not from here: the worker may be in the middle of adopting a revision.
  retry_due_ = true;
  environment_->turn_work->Add(this);
}

bool TcpConnection::MayRetry(http::ServerError error) {
  if (error == http::ServerError::kAbandoned) {
    --attempts_;  // the server's leaving is not the client's fault
    return true;
  }
  avoid_ = server_slot_;
  return attempts_ < kMaxAttempts;
}

void TcpConnection::OnRelayReceived(Relay::Side from, size_t bytes) {
  if (from == Relay::kClient) {
    if (log_ != nullptr) log_->Received(bytes);
    return client_.listener->own_counters->bytes_received.Add(bytes);
  }
  server_->CountReceived(bytes);
}

void TcpConnection::OnRelaySent(Relay::Side to, size_t bytes) {
  if (to == Relay::kClient) {
    if (log_ != nullptr) log_->Sent(bytes);
    return client_.listener->own_counters->bytes_sent.Add(bytes);
  }
  server_->CountSent(bytes);
}

void TcpConnection::RunTurnWork() {
  if (closed_) {
    delete this;
    return;
  }
  if (retry_due_) {
    retry_due_ = false;
    if (pin_ == environment_->snapshots->current()) {
      StartAttempt();
    } else {
      Balance();
    }
    if (closed_) return;  // comes again
  }
  switch (relay_.Run()) {
    case Relay::State::kOpen:
      return;
    case Relay::State::kEnded:
      return Close(/*reset=*/false);
    case Relay::State::kFailed:
      return Fail(relay_.failed(Relay::kClient) ? DecidedBy::kClient : DecidedBy::kServer, Reason::kConnectionReset);
  }
}

void TcpConnection::OnTimeout() {
  event::TurnScope scope(environment_->turn_work);
  const uint64_t idle_ms = environment_->loop->now_ms() - relay_.last_activity_ms();
  if (idle_ms < idle_timeout_ms_) {
    return environment_->loop->timers().Schedule(&timer_, idle_timeout_ms_ - idle_ms);
  }
  environment_->counters->idle_timeouts.Increment();
  if (log_ != nullptr) log_->Decide(DecidedBy::kProxy, Reason::kIdleTimeout);
  Close(/*reset=*/false);
}

void TcpConnection::LeaveServer() {
  if (connection_ != nullptr) std::exchange(connection_, nullptr)->Release();
  if (server_ != nullptr) std::exchange(server_, nullptr)->EndRequest();
}

void TcpConnection::Unpin() {
  if (pin_ != nullptr) environment_->snapshots->Unpin(std::exchange(pin_, nullptr));
}

void TcpConnection::Fail(DecidedBy who, Reason reason, std::string_view detail) {
  if (log_ != nullptr) log_->Decide(who, reason, detail);
  Close(/*reset=*/true);
}

void TcpConnection::Close(bool reset) {
  if (closed_) return;
  closed_ = true;
  if (log_ != nullptr) log_->Write(client_, attempts_, environment_->access_log);
  environment_->loop->timers().Cancel(&timer_);
  Leave();
  relay_.Close(reset);
  LeaveServer();
  Unpin();
  ClientConnection::Unlink();
  Dismiss(environment_, client_);
  environment_->turn_work->Add(this);
}

}  // namespace fairlead::proxy
