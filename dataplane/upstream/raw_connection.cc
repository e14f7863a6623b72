#include "dataplane/upstream/raw_connection.h"

#include <cstring>
#include <utility>

#include "dataplane/upstream/server.h"

namespace fairlead::upstream {

RawConnection::RawConnection(Environment* environment, Server* server, int fd, RawConnectionUser* user)
    : environment_(environment),
      server_(server),
      user_(user),
      timer_([](void* self) { static_cast<RawConnection*>(self)->OnTimeout(); }, this) {
  const net::Address& address = server->address();
  socket_ = environment->loop->Connect(fd, address.get(), address.length(), this);
  environment->loop->timers().Schedule(&timer_, server->settings().connect_timeout.count());
}

void RawConnection::Release() {
  user_ = nullptr;
  environment_->loop->timers().Cancel(&timer_);
  if (socket_ != nullptr) std::exchange(socket_, nullptr)->Close();
  Unlink();
  environment_->turn_work->Add(this);
}

void RawConnection::OnConnected(int error) {
  event::TurnScope scope(environment_->turn_work);
  if (error != 0) {
    server_->OnConnectFailed();
    return Fail(http::ServerError::kConnectFailed, std::strerror(error));
  }
  environment_->loop->timers().Cancel(&timer_);
  user_->OnServerConnected(std::exchange(socket_, nullptr));
}

void RawConnection::OnTimeout() {
  event::TurnScope scope(environment_->turn_work);
  server_->OnConnectFailed();
  Fail(http::ServerError::kConnectTimeout, "connecting took too long");
}

void RawConnection::Fail(http::ServerError error, std::string_view detail) {
  RawConnectionUser* const user = user_;
  Release();
  user->OnServerLost(error, detail);
}

}  // namespace fairlead::upstream
