#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "dataplane/buffer/slice.h"
#include "dataplane/event/socket.h"
#include "dataplane/event/timer_wheel.h"
#include "dataplane/metrics/counter.h"
#include "dataplane/proxy/client.h"
#include "dataplane/proxy/client_connection.h"
#include "dataplane/proxy/connection_log.h"
#include "dataplane/proxy/environment.h"
#include "dataplane/proxy/reason.h"

namespace fairlead::proxy {

// A client's connection to a TCP listener with sni_routes, whose TLS ClientHello has not come whole yet. Once it has,
// the connection becomes a TcpConnection to the server that is for its name, which is sent all that was read here; one
// without a valid ClientHello in time is closed, and counted.
//
// Made when the connection is accepted, destroys itself; on the worker's thread alone.
class ClientHelloReader final : public ClientConnection, private event::SocketHandler {
 public:
  // How long a ClientHello may take.
  static constexpr uint64_t kTimeoutMs = 10'000;

  // Takes over the client's socket, from which `begin` was received already.
  ClientHelloReader(Environment* environment, Client client, event::Socket* socket, buffer::Slice begin);

  // It has little time left anyway.
  void Drain() override {}
  void Kill() override { Close(received_.empty() ? Reason::kNone : Reason::kShutdown, {}, nullptr); }

 private:
  ~ClientHelloReader() = default;

  // event::TurnWorker:
  void RunTurnWork() override { delete this; }

  // event::SocketHandler:
  void OnConnected(int) override {}
  void OnReceived(buffer::Slice bytes) override;
  void OnReceiveEnd(int error) override;
  void OnSent(size_t, int) override {}

  void OnTimeout();
  // kNone: it leaves no line in the access log.
  void Close(Reason reason, std::string_view detail, metrics::Counter* counter);
  // Nothing comes to this object any more.
  void Leave();

  Environment* const environment_;
  Client client_;
  event::Socket* socket_;               // null: closed, or given on
  std::unique_ptr<ConnectionLog> log_;  // null: it is not logged
  event::Timer timer_;
  std::string received_;  // of a ClientHello that comes in parts, or is refused
};

}  // namespace fairlead::proxy
