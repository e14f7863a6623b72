// What becomes of connections to a TCP listener that passes TLS through by the name that it asks for.
#include "dataplane/proxy/client_hello_reader.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/access_log/wake_up.h"
#include "dataplane/access_log/worker_log.h"
#include "dataplane/config/access_log.h"
#include "dataplane/net/address.h"
#include "dataplane/net/network.h"
#include "dataplane/net/proxy_protocol.h"
#include "dataplane/proxy/proxy_test_support.h"
#include "dataplane/routing/sni_router.h"
#include "dataplane/tls/client_hello.h"
#include "dataplane/tls/test_client_hello.h"

namespace fairlead::proxy {
namespace {

using testing::Origin;
using testing::Peer;
using testing::ProxyTest;

class ClientHelloReaderTest : public ProxyTest {
 protected:
  // "www.example.org" goes to other_, all else to origin_.
  ClientHelloReaderTest() {
    config_.SetBackend("other");
    config_.SetServer("other", "o1", other_.address);
    Publish();
    RouteBy({{.server_names = {"www.example.org"}, .backend = config_.backend_slot("other"), .backend_id = "other"}});
  }
  void RouteBy(std::vector<routing::SniRoute> routes, const std::string& backend = "web") {
    config::TcpSettings settings;
    settings.backend_id = backend;
    if (!backend.empty()) settings.backend = config_.backend_slot(backend);
    settings.sni_router = std::make_shared<routing::SniRouter>(std::move(routes));
    listener_.tcp = settings;
  }
  void ExpectClosed(Peer& client) {
    RunUntil([&] { return client.AtEnd(); });
    EXPECT_EQ(counters_.connections_open.value(), 0u);
    EXPECT_FALSE(HasConnection(origin_));
  }
  // Bytes arrive at `origin` as they were sent, and an answer comes back.
  void ExpectJoined(Peer& client, const Origin& origin, const std::string& sent) {
    Peer server = Accept(origin);
    EXPECT_EQ(Read(server, sent.size()), sent);
    server.Send("answer");
    EXPECT_EQ(Read(client, 6), "answer");
  }
  metrics::ListenerWorkerCounters& listener() { return *listener_.own_counters; }

  Origin other_;
};
INSTANTIATE_FOR_ALL_BACKENDS(ClientHelloReaderTest);

TEST_P(ClientHelloReaderTest, TheNameChoosesTheBackend) {
  for (const auto& [name, origin] : {std::pair("www.example.org", &other_), std::pair("api.example.org", &origin_)}) {
    Peer client = Connect();
    const std::string hello = tls::ClientHelloFor(name) + "what follows";
    client.Send(hello);
    ExpectJoined(client, *origin, hello);
  }
}

TEST_P(ClientHelloReaderTest, WithoutANameItGoesToTheListenersBackend) {
  RouteBy({{.server_names = {"*"}, .backend = config_.backend_slot("other"), .backend_id = "other"}});
  Peer client = Connect();
  const std::string hello = tls::Record(tls::ClientHelloMessage(""));
  client.Send(hello);
  ExpectJoined(client, origin_, hello);
}

TEST_P(ClientHelloReaderTest, WhatComesInPiecesIsSentAsItCame) {
  Peer client = Connect();
  const std::string hello = tls::Records(tls::ClientHelloMessage(tls::ServerName("www.example.org")), 7) + "rest";
  for (char byte : hello) {
    client.Send({&byte, 1});
    RunWhatIsDue();
  }
  ExpectJoined(client, other_, hello);
  EXPECT_EQ(listener().bytes_received.value(), hello.size());
}

TEST_P(ClientHelloReaderTest, APieceOfTheLargestSizeIsSentWhole) {
  const std::string name = tls::ServerName("www.example.org");
  const size_t rest = tls::Record(tls::ClientHelloMessage(name + tls::Extension(21, ""))).size();
  const std::string padding(tls::kMaxClientHelloSize - rest, '\0');
  const std::string hello = tls::Record(tls::ClientHelloMessage(name + tls::Extension(21, padding)));
  Peer client = Connect();
  client.Send(hello.substr(0, 5'000));
  RunWhatIsDue();
  client.Send(hello.substr(5'000));
  ExpectJoined(client, other_, hello);
}

TEST_P(ClientHelloReaderTest, AClientThatHalfClosesBehindItIsAnswered) {
  Peer client = Connect();
  const std::string hello = tls::ClientHelloFor("www.example.org");
  client.Send(hello);
  client.ShutdownSend();
  Peer server = Accept(other_);
  EXPECT_EQ(ReadToEnd(server), hello);
  server.Send("answer");
  server.Close();
  EXPECT_EQ(ReadToEnd(client), "answer");
}

TEST_P(ClientHelloReaderTest, ANameWithoutARouteIsRefusedWhereThereIsNoBackend) {
  RouteBy({{.server_names = {"www.example.org"}, .backend = config_.backend_slot("other"), .backend_id = "other"}}, "");
  for (const std::string& hello : {tls::ClientHelloFor("api.example.org"), tls::Record(tls::ClientHelloMessage(""))}) {
    Peer client = Connect();
    client.Send(hello);
    ExpectClosed(client);
  }
  EXPECT_EQ(listener().no_sni_route.value(), 2u);
  EXPECT_EQ(listener().client_hello_errors.value(), 0u);
}

TEST_P(ClientHelloReaderTest, WhatIsNoClientHelloIsClosedAndCounted) {
  for (const std::string& bytes : {std::string("GET / HTTP/1.1\r\n\r\n"), tls::ClientHelloFor("a b"),
                                   std::string(tls::kMaxClientHelloSize, '\x16')}) {
    Peer client = Connect();
    client.Send(bytes);
    ExpectClosed(client);
  }
  EXPECT_EQ(listener().client_hello_errors.value(), 3u);
  Peer leaving = Connect();
  leaving.Send(tls::ClientHelloFor("www.example.org").substr(0, 20));
  leaving.ShutdownSend();
  ExpectClosed(leaving);
  EXPECT_EQ(listener().client_hello_errors.value(), 4u);
}

TEST_P(ClientHelloReaderTest, WhoSaysNothingIsNotCounted) {
  Peer client = Connect();
  client.ShutdownSend();
  ExpectClosed(client);
  EXPECT_EQ(listener().client_hello_errors.value(), 0u);
}

TEST_P(ClientHelloReaderTest, ComesAfterAProxyHeader) {
  config::ProxyProtocolSettings settings;
  settings.trusted_sources = net::NetworkSet({*net::Network::Parse("192.0.2.0/24")});
  listener_.proxy_protocol = std::make_shared<config::ProxyProtocolSettings>(settings);
  config_.SetBackend(
      "other", [](config::BackendSettings* backend) { backend->send_proxy_protocol = config::ProxyProtocol::kV1; });
  Publish();
  const std::string header = "PROXY TCP4 203.0.113.9 198.51.100.2 12345 443\r\n";
  const std::string hello = tls::ClientHelloFor("www.example.org");
  Peer client = Connect();
  client.Send(header + hello.substr(0, 30));
  RunWhatIsDue();
  client.Send(hello.substr(30));
  ExpectJoined(client, other_, header + hello);
}

TEST_P(ClientHelloReaderTest, ARouteThatChangesMeanwhileIsTakenAsItIsThen) {
  Peer client = Connect();
  const std::string hello = tls::ClientHelloFor("www.example.org");
  client.Send(hello.substr(0, 10));
  RunWhatIsDue();
  RouteBy({{.server_names = {"*.example.org"}, .backend = config_.backend_slot("web"), .backend_id = "web"}}, "");
  client.Send(hello.substr(10));
  ExpectJoined(client, origin_, hello);
}

TEST_P(ClientHelloReaderTest, ALineOfTheAccessLogTellsTheName) {
  access_log::WakeUp wake_up;
  access_log::WorkerLog log(&wake_up);
  environment_.access_log = &log;
  config::AccessLog format;
  format.pieces = {{.text = "", .field = config::LogField::kServerName},
                   {.text = " ", .field = config::LogField::kBackend},
                   {.text = " ", .field = config::LogField::kReason},
                   {.text = " ", .field = config::LogField::kDetail},
                   {.text = " ", .field = config::LogField::kBytesReceived}};
  listener_.access_log = std::make_shared<const config::AccessLog>(format);
  const std::string hello = tls::ClientHelloFor("www.example.org");
  {
    Peer client = Connect();
    client.Send(hello);
    Peer server = Accept(other_);
    EXPECT_EQ(Read(server, hello.size()), hello);
  }
  RunUntil([&] { return counters_.connections_open.value() == 0; });
  Peer client = Connect();
  client.Send("GET /");
  ExpectClosed(client);
  EXPECT_EQ(log.ring().Lines(), "www.example.org other - - " + std::to_string(hello.size()) +
                                    "\n- - client_hello_malformed no TLS handshake 5\n");
}

}  // namespace
}  // namespace fairlead::proxy
