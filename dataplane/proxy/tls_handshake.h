#pragma once

#include "dataplane/buffer/slice.h"
#include "dataplane/event/socket.h"
#include "dataplane/event/timer_wheel.h"
#include "dataplane/proxy/client.h"
#include "dataplane/proxy/client_connection.h"
#include "dataplane/proxy/early_data.h"
#include "dataplane/proxy/environment.h"
#include "dataplane/proxy/listener_state.h"
#include "dataplane/tls/socket.h"

namespace fairlead::proxy {

// A client's connection whose TLS handshake is not done yet. Once it is, the connection goes on with what was agreed
// upon; one that fails, or takes too long, is counted and closed, after the client was told why.
//
// Where the listener takes early data and the client sends some, the connection goes on before that, and this stays
// until the handshake is over, to end what waits for it: requests, or the connection.
//
// Made when the connection is accepted, destroys itself; on the worker's thread alone.
class TlsHandshake final : public ClientConnection, private event::SocketHandler, private tls::EarlyHandshakeHandler {
 public:
  // Takes the connection over: its client, with what TLS says of it, and its socket.
  using Serve = void (*)(Environment* environment, Client client, event::Socket* socket, buffer::Slice begin);

  // Takes over the client's socket, from which `begin` was received already. The listener has TLS.
  TlsHandshake(Environment* environment, Client client, event::Socket* socket, buffer::Slice begin, Serve serve);

  // It has little time left anyway.
  void Drain() override {}
  void Kill() override { Close(); }

 private:
  // For the client to read why it is refused: closing while it sends could cost it that.
  static constexpr uint64_t kLingerMs = 1000;

  ~TlsHandshake() = default;

  // event::TurnWorker:
  void RunTurnWork() override { delete this; }

  // event::SocketHandler:
  void OnConnected(int error) override;
  void OnReceived(buffer::Slice) override {}
  void OnReceiveEnd(int error) override;
  void OnSent(size_t, int) override {}

  // tls::EarlyHandshakeHandler:
  void OnHandshakeEnd(int error) override;

  void OnTimeout();
  // Gives the connection on.
  void GiveOn();
  void CountSuccess();
  void CountFailure();
  void CountRefusal();
  void CountEarlyData();
  void Close();
  // Nothing comes to this object any more.
  void Leave();

  Environment* const environment_;
  Client client_;
  ListenerState* const listener_;
  tls::Socket* socket_;         // null: closed, or given on with its handshake done
  EarlyData* early_ = nullptr;  // of the connection, which was given on
  const Serve serve_;
  event::Timer timer_;
  bool failed_ = false;
};

}  // namespace fairlead::proxy
