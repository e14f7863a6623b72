#include "dataplane/upstream/connection.h"

#include <cstring>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "dataplane/net/socket_options.h"
#include "dataplane/upstream/server.h"

namespace fairlead::upstream {

Connection::Connection(Environment* environment, Server* server, ConnectionUser* user)
    : Channel(&codec_),
      environment_(environment),
      server_(server),
      user_(user),
      codec_(this),
      timer_([](void* self) { static_cast<Connection*>(self)->OnTimeout(); }, this) {
  environment->loop->timers().Schedule(&timer_, server->settings().connect_timeout.count());
}

absl::Status Connection::Connect() {
  const bool begins_in_front_of_tls =
      server_->settings().tls != nullptr && server_->settings().send_proxy_protocol != config::ProxyProtocol::kNone;
  const Server::DialFor purpose = user_->takes_socket()  ? Server::DialFor::kRaw
                                  : user_->needs_http1() ? Server::DialFor::kHttp1Alone
                                                         : Server::DialFor::kHttp;
  const absl::StatusOr<event::Socket*> socket =
      server_->Dial(this, purpose, begins_in_front_of_tls ? user_->MakePreamble() : "");
  if (!socket.ok()) return socket.status();
  if (begins_in_front_of_tls) {
    has_begun_ = true;
    keep_ = false;
  }
  state_ = State::kConnecting;
  socket_ = *socket;
  return absl::OkStatus();
}

void Connection::TakeOver(event::Socket* socket, bool has_begun, bool keep) {
  socket_ = socket;
  socket_->set_handler(this);
  has_begun_ = has_begun;
  keep_ = keep;
  Stand();
}

void Connection::OnConnected(int error) {
  event::TurnScope scope(environment_->turn_work);
  if (const auto failure = server_->OnConnectEnded(*socket_, error, /*protocol=*/{})) {
    environment_->loop->timers().Cancel(&timer_);
    return Fail(failure->error, failure->detail);
  }
  Stand();
}

void Connection::Stand() {
  environment_->loop->timers().Cancel(&timer_);
  connecting_ = false;
  if (user_->takes_socket()) {
    state_ = State::kTaken;
    return user_->OnConnected(this);
  }
  state_ = State::kBusy;
  socket_->ResumeReceive();
  codec_.Begin(user_);
  user_->OnConnected(this);
}

void Connection::Use(ConnectionUser* user) {
  environment_->loop->timers().Cancel(&timer_);
  state_ = State::kBusy;
  asked_ = false;
  user_ = user;
  codec_.Begin(user);
}

void Connection::Release() {
  user_ = nullptr;
  if (state_ == State::kClosed) return;
  if (state_ == State::kTaken) return Close();
  if (state_ == State::kBusy && codec_.idle()) {
    // Pooled or closed in RunTurnWork, and before the client is sent the end of its response: another worker to which
    // it turns next finds an idle connection, not a server at its limit.
    return environment_->turn_work->AddFirst(this);
  }
  if (!codec_.tunnel_ended() || output_.empty()) Close();
  codec_.Abandon();
  if (state_ == State::kClosed) return;
  state_ = State::kFinishing;
  environment_->loop->timers().Schedule(&timer_, server_->settings().idle_timeout.count());
}

void Connection::Fail(http::ServerError error, std::string_view detail) {
  if (state_ == State::kClosed) return;
  ConnectionUser* user = std::exchange(user_, nullptr);
  const bool begun = state_ == State::kBusy;
  Close();
  if (begun) {
    codec_.Fail(error, detail);
  } else if (user != nullptr) {
    user->OnServerError(error, detail);
  }
}

void Connection::OnTimeout() {
  event::TurnScope scope(environment_->turn_work);
  if (state_ == State::kIdle || state_ == State::kFinishing) return Close();
  server_->OnConnectFailed();
  environment_->counters->connect_timeouts.Increment();
  Fail(http::ServerError::kConnectTimeout, "connecting took too long");
}

void Connection::OnReceived(buffer::Slice bytes) {
  event::TurnScope scope(environment_->turn_work);
  server_->CountReceived(bytes.size());
  // Sent before the request was, so no answer to it.
  if (state_ == State::kBusy && !codec_.idle() && !asked_) {
    return Fail(http::ServerError::kClosedBeforeResponse, "the server spoke before it was asked");
  }
  codec_.Receive(std::move(bytes));
  // A response that broke the protocol, or bytes that nobody asked for.
  if (codec_.idle() && !codec_.reusable()) Close();
}

void Connection::OnReceiveEnd(int error) {
  event::TurnScope scope(environment_->turn_work);
  codec_.ReceiveEnd(error);
  if (state_ == State::kClosed || state_ == State::kFinishing) return;
  // In a tunnel the server may still read, unless it was seen not to.
  if (!codec_.in_tunnel()) return Close();
  if (send_failed_) Fail(http::ServerError::kTruncated, "the server closed the tunnel");
}

void Connection::OnSent(size_t sent, int error) {
  event::TurnScope scope(environment_->turn_work);
  sending_ = false;
  if (error != 0) {
    // What the server said before it closed may still be waiting to be read (an early answer, RFC 9112 §9.5): the end
    // of receiving decides.
    if (state_ == State::kFinishing) return Close();
    output_.Clear();
    keep_ = false;
    send_failed_ = true;
    if (codec_.tunnel_ended_by_server()) Fail(http::ServerError::kTruncated, "the server closed the tunnel");
    return;
  }
  if (sent == 0) return Flush();
  asked_ = true;
  server_->CountSent(sent);
  output_.Consume(sent);
  if (state_ == State::kFinishing && output_.empty()) return Close();
  Flush();
  codec_.OnSent();
}

void Connection::RunTurnWork() {
  if (state_ == State::kClosed) {
    delete this;
    return;
  }
  if (state_ == State::kTaken) return;
  codec_.Continue();
  if (state_ == State::kClosed) return;  // comes again
  Flush();
  if (state_ != State::kBusy || !codec_.idle()) return;
  if (!keep_ || !codec_.reusable() || !output_.empty() || !server_->Keep(this)) return Close();
  state_ = State::kIdle;
  socket_->ResumeReceive();
  environment_->loop->timers().Schedule(&timer_, server_->settings().pool_idle_timeout.count());
}

void Connection::ShutdownAfterOutput() {
  shutdown_due_ = true;
  Touch();
}

void Connection::Flush() {
  if (sending_ || (state_ != State::kBusy && state_ != State::kFinishing)) return;
  if (output_.empty()) {
    if (std::exchange(shutdown_due_, false)) socket_->ShutdownSend();
    return;
  }
  iovec iovecs[event::Socket::kMaxIovecs];
  const int count = output_.FillIovecs(iovecs, event::Socket::kMaxIovecs);
  sending_ = true;
  socket_->StartSend(iovecs, count);
}

void Connection::Close() {
  if (state_ == State::kClosed) return;
  environment_->loop->timers().Cancel(&timer_);
  const bool reset = codec_.in_tunnel() && !codec_.tunnel_ended();
  if (reset) net::ResetOnClose(socket_->fd());
  // Another connection may come in this one's place: the server is to see the end of this one first, and the loop may
  // take a turn to close it.
  if (socket_ != nullptr && server_->has_limits()) net::EndNow(socket_->fd(), reset);
  server_->OnClosed(this);
  state_ = State::kClosed;
  Unlink();
  if (sending_) {
    socket_->Close(output_.TakeSlices());
  } else if (socket_ != nullptr) {
    socket_->Close();
  }
  socket_ = nullptr;
  environment_->turn_work->Add(this);
}

}  // namespace fairlead::upstream
