#pragma once

#include <string>

#include "dataplane/buffer/slice.h"
#include "dataplane/event/socket.h"
#include "dataplane/event/timer_wheel.h"
#include "dataplane/metrics/counter.h"
#include "dataplane/proxy/client.h"
#include "dataplane/proxy/client_connection.h"
#include "dataplane/proxy/environment.h"

namespace fairlead::proxy {

// A client's connection whose PROXY header has not come whole yet. Once it has, the connection goes on with what the
// header says of the client; one without a valid header in time is closed, and counted.
//
// Made when the connection is accepted, destroys itself; on the worker's thread alone.
class ProxyHeaderReader final : public ClientConnection, private event::SocketHandler {
 public:
  // Takes the connection over: its client as the header says, its socket, and what came behind the header.
  using Serve = void (*)(Environment* environment, Client client, event::Socket* socket, buffer::Slice begin);

  // Takes over the client's socket. The listener expects headers.
  ProxyHeaderReader(Environment* environment, Client client, event::Socket* socket, Serve serve);

  // It has little time left anyway.
  void Drain() override {}
  void Kill() override { Close(nullptr); }

 private:
  ~ProxyHeaderReader() = default;

  // event::TurnWorker:
  void RunTurnWork() override { delete this; }

  // event::SocketHandler:
  void OnConnected(int) override {}
  void OnReceived(buffer::Slice bytes) override;
  void OnReceiveEnd(int error) override;
  void OnSent(size_t, int) override {}

  void OnTimeout();
  void Close(metrics::Counter* reason);
  // Nothing comes to this object any more.
  void Leave();

  Environment* const environment_;
  Client client_;
  event::Socket* socket_;  // null: closed, or given on
  const Serve serve_;
  event::Timer timer_;
  std::string received_;  // of a header that comes in parts
};

}  // namespace fairlead::proxy
