#include "dataplane/proxy/tls_handshake.h"

#include <cerrno>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/metrics/worker_counters.h"
#include "dataplane/proxy/admission.h"
#include "dataplane/proxy/handshake_helpers.h"

namespace fairlead::proxy {
namespace {

tls::HandshakePool* ChooseHelpers(const Environment& environment) {
  const metrics::WorkerCounters& counters = *environment.counters;
  const uint64_t pieces = counters.requests.value() + environment.relayed;
  return environment.handshake_helpers->Choose(environment.loop->now_ms(), pieces,
                                               counters.requests_active.value() > 0);
}

}  // namespace

TlsHandshake::TlsHandshake(Environment* environment, Client client, event::Socket* socket, buffer::Slice begin,
                           Serve serve)
    : environment_(environment),
      client_(std::move(client)),
      listener_(client_.listener),
      socket_(tls::Socket::Accept(*environment->loop, socket, client_.listener->tls->context, this, std::move(begin),
                                  ChooseHelpers(*environment))),
      serve_(serve),
      timer_([](void* self) { static_cast<TlsHandshake*>(self)->OnTimeout(); }, this) {
  client_.listener->connections.PushBack(this);
  environment_->loop->timers().Schedule(&timer_, client_.listener->tls->handshake_timeout.count());
}

void TlsHandshake::OnConnected(int error) {
  event::TurnScope scope(environment_->turn_work);
  CountEarlyData();
  if (error != 0) {
    CountFailure();
    if (socket_->failure()->cause == tls::FailureCause::kClosed) return Close();
    failed_ = true;
    socket_->ShutdownSend();
    environment_->loop->timers().Schedule(&timer_, kLingerMs);
    return;
  }
  if (!socket_->early()) CountSuccess();
  GiveOn();
}

void TlsHandshake::GiveOn() {
  auto tls =
      std::make_unique<ClientTls>(ClientTls{.version = socket_->version(),
                                            .cipher = socket_->cipher(),
                                            .resumed = socket_->resumed(),
                                            .http2 = socket_->protocol() == "h2",
                                            .server_name = absl::AsciiStrToLower(base::ToAbsl(socket_->server_name())),
                                            .certificate = socket_->peer_certificate()});
  tls::Socket* const socket = socket_;
  if (socket->early()) {
    tls->early = std::make_unique<EarlyData>();
    early_ = tls->early.get();
    socket->set_early_handler(this);
    Unlink();
  } else {
    Leave();
  }
  client_.tls = std::move(tls);
  serve_(environment_, std::move(client_), socket, {});
}

void TlsHandshake::OnHandshakeEnd(int error) {
  event::TurnScope scope(environment_->turn_work);
  if (error == 0) {
    CountSuccess();
    early_->End();
  } else if (error != ECANCELED && error != ETIMEDOUT) {
    CountFailure();
  }
  Leave();
}

void TlsHandshake::OnReceiveEnd(int) {
  event::TurnScope scope(environment_->turn_work);
  Close();
}

void TlsHandshake::OnTimeout() {
  event::TurnScope scope(environment_->turn_work);
  if (!failed_) listener_->own_counters->tls_handshake_timeouts.Increment();
  if (early_ != nullptr) return socket_->GiveUpHandshake();
  if (!failed_) CountEarlyData();
  Close();
}

void TlsHandshake::CountSuccess() {
  metrics::ListenerWorkerCounters& counters = *listener_->own_counters;
  const bool newest = std::string_view(socket_->version()) == "TLSv1.3";
  (newest ? counters.tls13_handshakes : counters.tls12_handshakes).Increment();
  if (socket_->resumed()) {
    (socket_->resumed_by_id() ? counters.tls_resumed_by_id : counters.tls_resumed_by_ticket).Increment();
  }
  CountRefusal();
}

void TlsHandshake::CountRefusal() {
  const std::optional<tls::ResumptionRefusal> refusal = socket_->resumption_refusal();
  if (!refusal.has_value()) return;
  listener_->own_counters->tls_resumption_refusals[static_cast<size_t>(*refusal)].Increment();
}

void TlsHandshake::CountFailure() {
  CountRefusal();
  listener_->own_counters->tls_failures[static_cast<size_t>(socket_->failure()->cause)].Increment();
}

void TlsHandshake::CountEarlyData() {
  const tls::EarlyDataOutcome outcome = socket_->early_data();
  if (outcome == tls::EarlyDataOutcome::kNotSent) return;
  listener_->own_counters->tls_early_data[static_cast<size_t>(outcome)].Increment();
}

void TlsHandshake::Close() {
  if (socket_ == nullptr) return;
  // Counted before the client sees the end: it may come again at once.
  Dismiss(environment_, client_);
  socket_->Close();
  Leave();
}

void TlsHandshake::Leave() {
  socket_ = nullptr;
  environment_->loop->timers().Cancel(&timer_);
  Unlink();
  environment_->turn_work->Add(this);
}

}  // namespace fairlead::proxy
