#include "dataplane/proxy/tcp_connection.h"

#include <string>
#include <utility>
#include <vector>

#include "dataplane/proxy/admission.h"
#include "dataplane/proxy/hash_key.h"
#include "dataplane/proxy/sent_proxy_header.h"
#include "dataplane/routing/sni_router.h"

namespace fairlead::proxy {

TcpConnection::TcpConnection(Environment* environment, Client client, event::Socket* socket, TcpBeginning beginning)
    : environment_(environment),
      client_(std::move(client)),
      log_(std::move(beginning.log)),
      relay_(environment->loop, environment->turn_work, this, this),
      timer_([](void* self) { static_cast<TcpConnection*>(self)->OnTimeout(); }, this),
      idle_timeout_ms_(client_.listener->tcp->idle_timeout.count()),
      server_name_(std::move(beginning.server_name)) {
  client_.listener->connections.PushBack(this);
  if (log_ == nullptr && client_.listener->access_log != nullptr) log_ = std::make_unique<ConnectionLog>();
  if (log_ != nullptr) log_->SetServerName(server_name_);
  for (buffer::Slice& slice : beginning.bytes) {
    OnRelayReceived(Relay::kClient, slice.size());
    relay_.output(Relay::kServer).Append(std::move(slice));
  }
  relay_.Attach(Relay::kClient, socket);
  environment_->loop->timers().Schedule(&timer_, idle_timeout_ms_);
  Balance();
}

std::pair<config::BackendSlot, std::string_view> TcpConnection::FindBackend() const {
  const config::TcpSettings& settings = *client_.listener->tcp;
  const routing::SniRoute* route = settings.sni_router == nullptr ? nullptr : settings.sni_router->Find(server_name_);
  if (route != nullptr) return {route->backend, route->backend_id};
  return {settings.backend, settings.backend_id};
}

void TcpConnection::Balance() {
  Unpin();
  pin_ = environment_->snapshots->Pin();
  attempts_.ForgetServers();

  const config::Snapshot& snapshot = *pin_->snapshot;
  const auto [slot, id] = FindBackend();
  if (log_ != nullptr) log_->Balance(snapshot.revision, id);
  if (id.empty()) {
    client_.listener->own_counters->no_sni_route.Increment();
    return Fail(DecidedBy::kProxy, Reason::kNoSniRoute);
  }
  const config::Backend* backend = slot < snapshot.backends.size() ? snapshot.backends[slot].get() : nullptr;
  if (backend == nullptr || backend->settings->id != id) return Fail(DecidedBy::kProxy, Reason::kListenerRemoved);
  attempts_.set_backend(slot, HashOfSource(backend->settings->hash_keys, client_.address));
  StartAttempt();
}

void TcpConnection::StartAttempt() {
  const upstream::Admission admission = attempts_.Ask(*environment_, this, /*fresh=*/true);
  switch (admission.outcome) {
    case upstream::Admission::Outcome::kAdmitted:
      return OnAdmitted(admission.choice);
    case upstream::Admission::Outcome::kWaiting:
      return;
    case upstream::Admission::Outcome::kNoEligibleServer:
      return Fail(DecidedBy::kProxy, Reason::kNoEligibleServer);
    case upstream::Admission::Outcome::kNoRoom:
      return Fail(DecidedBy::kProxy, Reason::kServersAtLimit);
  }
}

void TcpConnection::OnAdmitted(const upstream::Choice& choice) {
  const config::Backend& backend = *pin_->snapshot->backends[attempts_.backend_slot()];
  const config::Server& server = *backend.servers[choice.slot];
  server_counters_ = server.counters;
  backend_counters_ = backend.counters;
  if (log_ != nullptr) log_->Attempt(server);
  if (!attempts_.Begin(*environment_, choice, this)) Fail(DecidedBy::kProxy, Reason::kNoDescriptors);
}

std::string TcpConnection::MakePreamble() {
  return MakeProxyHeader(attempts_.server()->settings().send_proxy_protocol, client_);
}

void TcpConnection::OnConnected(upstream::Channel* channel) {
  attempts_.SetConnected(channel);
  if (log_ != nullptr) log_->Connected();
  // In front of what the client has said meanwhile.
  const std::string header = attempts_.connection()->has_begun() ? std::string() : MakePreamble();
  if (!header.empty()) {
    buffer::Queue& output = relay_.output(Relay::kServer);
    std::vector<buffer::Slice> early = output.TakeSlices();
    output.Append(header, environment_->loop->blocks());
    for (buffer::Slice& slice : early) output.Append(std::move(slice));
  }
  relay_.Attach(Relay::kServer, attempts_.connection()->TakeSocket());
  Unpin();
}

void TcpConnection::OnServerError(http::ServerError error, std::string_view detail) {
  attempts_.LoseConnection();
  if (attempts_.connected()) return Fail(DecidedBy::kProxy, ReasonOf(error), detail);
  if (attempts_.Fail(*environment_, error, /*may_be_sent_again=*/false)) return environment_->turn_work->Add(this);
  Fail(DecidedBy::kProxy, ReasonOf(error), detail);
}

void TcpConnection::OnRelayReceived(Relay::Side from, size_t bytes) {
  ++environment_->relayed;
  if (from == Relay::kClient) {
    if (log_ != nullptr) log_->Received(bytes);
    return client_.listener->own_counters->bytes_received.Add(bytes);
  }
  attempts_.server()->CountReceived(bytes);
}

void TcpConnection::OnRelaySent(Relay::Side to, size_t bytes) {
  if (to == Relay::kClient) {
    if (log_ != nullptr) log_->Sent(bytes);
    return client_.listener->own_counters->bytes_sent.Add(bytes);
  }
  attempts_.server()->CountSent(bytes);
}

void TcpConnection::RunTurnWork() {
  if (closed_) {
    delete this;
    return;
  }
  if (attempts_.TakeRetry()) {
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
  if (log_ != nullptr) log_->Write(client_, attempts_.count(), environment_->access_log);
  environment_->loop->timers().Cancel(&timer_);
  Leave();
  // Before another connection comes in its place.
  if (attempts_.server() != nullptr && attempts_.server()->has_limits()) relay_.EndNow(Relay::kServer, reset);
  attempts_.End();
  Unpin();
  ClientConnection::Unlink();
  Dismiss(environment_, client_);
  // Both sides see the end of what is counted no more: they may come again at once.
  relay_.Close(reset);
  environment_->turn_work->Add(this);
}

}  // namespace fairlead::proxy
