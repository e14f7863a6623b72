#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/base/intrusive_list.h"
#include "dataplane/event/loop.h"
#include "dataplane/event/socket.h"
#include "dataplane/event/timer_wheel.h"
#include "dataplane/event/turn_work.h"
#include "dataplane/http/client_codec.h"
#include "dataplane/upstream/environment.h"

namespace fairlead::upstream {

class Server;

// Who a raw connection works for. Hears at most one of these of connecting, and after OnServerConnected maybe that the
// server was taken out of service (kAbandoned). After OnServerLost the connection is gone.
class RawConnectionUser {
 public:
  // The connection stands; its socket is the user's from now on, to be closed before Release.
  virtual void OnServerConnected(event::Socket* socket) = 0;
  virtual void OnServerLost(http::ServerError error, std::string_view detail) = 0;

 protected:
  ~RawConnectionUser() = default;
};

// A connection to a server that carries bytes as they are, for one client's connection alone. Made by upstream::Server,
// which it stands for as long as it is used; destroys itself when it is released or lost. On its worker's thread alone.
class RawConnection final : public event::TurnWorker, public base::ListNode, private event::SocketHandler {
 public:
  // Connects. `user` hears of it, never from inside this call.
  RawConnection(Environment* environment, Server* server, int fd, RawConnectionUser* user);

  // The user's wish to hear no more. A connection that does not stand yet is given up.
  void Release();

  // event::TurnWorker:
  void RunTurnWork() override { delete this; }

 private:
  friend class Server;

  ~RawConnection() = default;

  // event::SocketHandler, while it connects:
  void OnConnected(int error) override;
  void OnReceived(buffer::Slice) override {}
  void OnReceiveEnd(int) override {}
  void OnSent(size_t, int) override {}

  void OnTimeout();
  bool connecting() const { return socket_ != nullptr; }
  void Fail(http::ServerError error, std::string_view detail);

  Environment* const environment_;
  Server* const server_;  // outlives it
  RawConnectionUser* user_;
  event::Socket* socket_;  // while it connects
  event::Timer timer_;     // the time for that
};

}  // namespace fairlead::upstream
