#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "dataplane/event/loop_test_support.h"
#include "dataplane/tls/client_context.h"
#include "dataplane/tls/server_context.h"
#include "dataplane/tls/socket.h"
#include "dataplane/tls/test_certificates.h"

struct ssl_st;
struct ssl_ctx_st;

namespace fairlead::tls::testing {

std::shared_ptr<const Certificate> ParseCertificate(const Issued& issued, std::string_view ocsp_response = {});
std::shared_ptr<const TrustBundle> ParseTrust(const Issued& authority, std::string_view crls = {});

// An authority, a server's certificate by it, and contexts of both sides. Keys take time: made once for all tests.
struct TestWorld {
  TestWorld();

  Issued authority = IssueAuthority();
  Issued server = Issue({}, &authority);
  std::shared_ptr<const TrustBundle> trust = ParseTrust(authority);
  std::shared_ptr<const Certificate> certificate = ParseCertificate(server);
  std::shared_ptr<const ServerContext> server_context;
  std::shared_ptr<const ClientContext> client_context;

  std::shared_ptr<const ServerContext> Server(ServerSettings settings) const;
  std::shared_ptr<const ClientContext> Client(ClientSettings settings) const;
};
const TestWorld& World();

// A client or a server as OpenSSL's own programs are, blocking nowhere, over a descriptor.
class OpenSslPeer {
 public:
  OpenSslPeer(event::testing::Peer peer, bool server);
  ~OpenSslPeer();

  // To be changed before the first step.
  ssl_st* tls() const { return tls_; }
  // A server's: what it takes of the protocols that clients offer (ALPN). One that they don't offer ends the handshake.
  void ChooseProtocol(std::string protocol);
  // What the other side has chosen, or was told; empty: nothing.
  std::string protocol() const;
  // One more step of the handshake; whether it is done.
  bool Handshake();
  bool failed() const { return failed_; }
  // What has arrived by now.
  std::string Receive();
  bool ended() const { return ended_; }  // by close_notify
  // Sends as much as can be; returns how much.
  size_t Send(std::string_view bytes);
  void SayGoodbye();
  event::testing::Peer& peer() { return peer_; }

 private:
  event::testing::Peer peer_;
  ssl_ctx_st* context_;
  ssl_st* tls_;
  std::string chosen_;
  bool failed_ = false;
  bool ended_ = false;
};

// Sockets of both sides over one connection, in the loop under test.
class PairTest : public event::testing::LoopTest {
 protected:
  ~PairTest() override;

  // Makes both sides; the handshake runs with the loop, the server's steps by `helpers`, if there are any.
  void Connect(std::shared_ptr<const ServerContext> server, std::shared_ptr<const ClientContext> client,
               std::shared_ptr<ClientSessions> sessions = nullptr, HandshakePool* helpers = nullptr);
  void ConnectAndShakeHands() {
    Connect(World().server_context, World().client_context);
    RunUntil([&] { return server_handler_.connected && client_handler_.connected; });
  }
  static void Send(Socket* socket, std::string_view bytes);
  // Megabytes, in both directions at once.
  void ExpectBytesBothWays();
  void CloseBoth();

  event::testing::RecordingHandler server_handler_;
  event::testing::RecordingHandler client_handler_;
  Socket* server_ = nullptr;
  Socket* client_ = nullptr;
};

// A server's socket in the loop under test, and OpenSSL as its client.
class ServerTest : public event::testing::LoopTest {
 protected:
  ServerTest() { Begin(World().server_context); }
  ~ServerTest() override;

  void Begin(std::shared_ptr<const ServerContext> context);
  void ShakeHands();
  void Send(std::string_view bytes);

  event::testing::RecordingHandler handler_;
  Socket* socket_ = nullptr;
  std::unique_ptr<OpenSslPeer> peer_;
};

}  // namespace fairlead::tls::testing
