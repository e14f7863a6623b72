#include "dataplane/tls/socket_test_support.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <utility>

#include "dataplane/tls/openssl.h"

namespace fairlead::tls::testing {

std::shared_ptr<const Certificate> ParseCertificate(const Issued& issued, std::string_view ocsp_response) {
  std::vector<CertificateFault> faults;
  auto certificate = Certificate::Parse({issued.certificate, issued.key, ocsp_response}, std::time(nullptr), faults);
  EXPECT_TRUE(faults.empty()) << faults.front().text;
  return certificate;
}

std::shared_ptr<const TrustBundle> ParseTrust(const Issued& authority, std::string_view crls) {
  std::vector<TrustFault> faults;
  auto trust = TrustBundle::Parse(authority.certificate, crls, faults);
  EXPECT_TRUE(faults.empty()) << faults.front().text;
  return trust;
}

TestWorld::TestWorld() : server_context(Server({})), client_context(Client({})) {}

std::shared_ptr<const ServerContext> TestWorld::Server(ServerSettings settings) const {
  if (settings.certificates.empty()) settings.certificates = {certificate};
  return *ServerContext::Create(std::move(settings));
}

std::shared_ptr<const ClientContext> TestWorld::Client(ClientSettings settings) const {
  if (settings.server_name.empty()) settings.server_name = "localhost";
  if (settings.trust == nullptr) settings.trust = trust;
  return *ClientContext::Create(std::move(settings));
}

const TestWorld& World() {
  static const TestWorld* const world = new TestWorld;
  return *world;
}

OpenSslPeer::OpenSslPeer(event::testing::Peer peer, bool server)
    : peer_(std::move(peer)), context_(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method())) {
  SSL_CTX_set_mode(context_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (server) SSL_CTX_use_cert_and_key(context_, World().certificate->leaf(), World().certificate->key(), nullptr, 1);
  const int on = 1;
  setsockopt(peer_.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  tls_ = SSL_new(context_);
  SSL_set_fd(tls_, peer_.fd());
  if (server) {
    SSL_set_accept_state(tls_);
  } else {
    SSL_set_connect_state(tls_);
  }
}

OpenSslPeer::~OpenSslPeer() {
  SSL_free(tls_);
  SSL_CTX_free(context_);
}

void OpenSslPeer::ChooseProtocol(std::string protocol) {
  chosen_ = static_cast<char>(protocol.size()) + protocol;
  SSL_CTX_set_alpn_select_cb(
      context_,
      [](SSL*, const unsigned char** out, unsigned char* size, const unsigned char* offered, unsigned offered_size,
         void* chosen) {
        const auto& own = *static_cast<std::string*>(chosen);
        unsigned char* found;
        const int result = SSL_select_next_proto(&found, size, reinterpret_cast<const unsigned char*>(own.data()),
                                                 static_cast<unsigned>(own.size()), offered, offered_size);
        *out = found;
        return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
      },
      &chosen_);
}

std::string OpenSslPeer::protocol() const {
  const unsigned char* protocol = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(tls_, &protocol, &size);
  return std::string(reinterpret_cast<const char*>(protocol), size);
}

bool OpenSslPeer::Handshake() {
  const int result = SSL_do_handshake(tls_);
  if (result == 1) return true;
  const int error = SSL_get_error(tls_, result);
  failed_ = error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE;
  ERR_clear_error();
  return false;
}

std::string OpenSslPeer::Receive() {
  std::string bytes;
  char buffer[20000];
  int result;
  while ((result = SSL_read(tls_, buffer, sizeof(buffer))) > 0) bytes.append(buffer, static_cast<size_t>(result));
  const int error = SSL_get_error(tls_, result);
  ended_ |= error == SSL_ERROR_ZERO_RETURN;
  failed_ |= error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL;
  ERR_clear_error();
  return bytes;
}

size_t OpenSslPeer::Send(std::string_view bytes) {
  size_t sent = 0;
  while (sent < bytes.size()) {
    const int result = SSL_write(tls_, bytes.data() + sent, static_cast<int>(bytes.size() - sent));
    if (result <= 0) break;
    sent += static_cast<size_t>(result);
  }
  ERR_clear_error();
  return sent;
}

void OpenSslPeer::SayGoodbye() { SSL_shutdown(tls_); }

PairTest::~PairTest() { CloseBoth(); }

void PairTest::Connect(std::shared_ptr<const ServerContext> server, std::shared_ptr<const ClientContext> client,
                       std::shared_ptr<ClientSessions> sessions, HandshakePool* helpers) {
  auto [fd, peer] = event::testing::TcpPair();
  server_ = Socket::Accept(*loop_, loop_->Adopt(fd, nullptr), std::move(server), &server_handler_, {}, helpers);
  client_ = Socket::ConnectOver(*loop_, loop_->Adopt(peer.Release(), nullptr), std::move(client), std::move(sessions),
                                &client_handler_);
}

void PairTest::Send(Socket* socket, std::string_view bytes) {
  const iovec iovec = {const_cast<char*>(bytes.data()), bytes.size()};
  socket->StartSend(&iovec, 1);
}

void PairTest::ExpectBytesBothWays() {
  const std::string up = event::testing::Pattern(1'000'000);
  const std::string down = event::testing::Pattern(3'000'000).substr(12345);
  server_->ResumeReceive();
  client_->ResumeReceive();
  event::testing::StringSender from_client(client_, &client_handler_, up);
  event::testing::StringSender from_server(server_, &server_handler_, down);
  RunUntil(
      [&] { return server_handler_.received.size() == up.size() && client_handler_.received.size() == down.size(); });
  EXPECT_EQ(server_handler_.received, up);
  EXPECT_EQ(client_handler_.received, down);
}

void PairTest::CloseBoth() {
  if (server_ != nullptr) std::exchange(server_, nullptr)->Close();
  if (client_ != nullptr) std::exchange(client_, nullptr)->Close();
  server_handler_ = {};
  client_handler_ = {};
}

ServerTest::~ServerTest() {
  if (socket_ != nullptr) socket_->Close();
}

void ServerTest::Begin(std::shared_ptr<const ServerContext> context) {
  if (socket_ != nullptr) socket_->Close();
  handler_ = {};
  auto [fd, peer] = event::testing::TcpPair();
  socket_ = Socket::Accept(*loop_, loop_->Adopt(fd, nullptr), std::move(context), &handler_);
  peer_ = std::make_unique<OpenSslPeer>(std::move(peer), /*server=*/false);
}

void ServerTest::ShakeHands() {
  RunUntil([&] { return (peer_->Handshake() && handler_.connected) || peer_->failed(); });
  ASSERT_EQ(handler_.connected, 0) << (socket_->failure() != nullptr ? socket_->failure()->text : "");
}

void ServerTest::Send(std::string_view bytes) {
  const iovec iovec = {const_cast<char*>(bytes.data()), bytes.size()};
  handler_.inside_a_call = true;
  socket_->StartSend(&iovec, 1);
  handler_.inside_a_call = false;
}

}  // namespace fairlead::tls::testing
