// What becomes of connections that are to begin with a PROXY header, and of those that begin with one toward servers.
#include "dataplane/proxy/proxy_header_reader.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <memory>
#include <string>

#include "dataplane/net/network.h"
#include "dataplane/net/proxy_protocol.h"
#include "dataplane/proxy/proxy_test_support.h"

namespace fairlead::proxy {
namespace {

using testing::Get;
using testing::Peer;
using testing::ProxyTest;
using testing::Response;

constexpr std::string_view kHeader = "PROXY TCP4 203.0.113.9 198.51.100.2 12345 443\r\n";

class ProxyHeaderReaderTest : public ProxyTest {
 protected:
  // The test's clients are of 192.0.2.1.
  ProxyHeaderReaderTest() { Expect("192.0.2.0/24"); }

  void Expect(std::string_view network, std::chrono::milliseconds timeout = std::chrono::seconds(10)) {
    config::ProxyProtocolSettings settings;
    settings.trusted_sources = net::NetworkSet({*net::Network::Parse(network)});
    settings.timeout = timeout;
    listener_.proxy_protocol = std::make_shared<config::ProxyProtocolSettings>(settings);
  }
  void BecomeTcp() { listener_.tcp = config::TcpSettings{.backend = config_.backend_slot("web"), .backend_id = "web"}; }
  void SendToServers(config::ProxyProtocol version) {
    config_.SetBackend("web", [&](config::BackendSettings* settings) { settings->send_proxy_protocol = version; });
    Publish();
  }
  metrics::ListenerWorkerCounters& listener() { return *listener_.own_counters; }
};
INSTANTIATE_FOR_ALL_BACKENDS(ProxyHeaderReaderTest);

TEST_P(ProxyHeaderReaderTest, WhatFollowsTheHeaderIsTheConnectionsOwn) {
  Peer client = Connect();
  client.Send(std::string(kHeader) + Get("/a"));
  Peer server = Accept();
  EXPECT_EQ(ReadHead(server), "GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
  server.Send(Response("1"));
  ReadHead(client);
  EXPECT_EQ(Read(client, 1), "1");
  client.Send(Get("/b"));
  EXPECT_EQ(ReadHead(server), "GET /b HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST_P(ProxyHeaderReaderTest, TheHeaderMayComeByteByByteAndAlone) {
  BecomeTcp();
  Peer client = Connect();
  for (char byte : kHeader) {
    client.Send({&byte, 1});
    RunWhatIsDue();
  }
  Peer server = Accept();
  server.Send("220 ready\r\n");
  EXPECT_EQ(Read(client, 11), "220 ready\r\n");
  client.Send("HELO\r\n");
  EXPECT_EQ(Read(server, 6), "HELO\r\n");
}

TEST_P(ProxyHeaderReaderTest, AHeaderThatEndsWithinAPieceLeavesTheRest) {
  BecomeTcp();
  Peer client = Connect();
  client.Send(kHeader.substr(0, 20));
  RunWhatIsDue();
  client.Send(std::string(kHeader.substr(20)) + "question");
  Peer server = Accept();
  EXPECT_EQ(Read(server, 8), "question");
}

TEST_P(ProxyHeaderReaderTest, OthersThanTrustedSourcesAreClosedAtOnce) {
  Expect("10.0.0.0/8");
  Peer client = Connect();
  RunUntil([&] { return client.AtEnd(); });
  EXPECT_EQ(listener().proxy_header_untrusted.value(), 1u);
  EXPECT_EQ(listener().connections_accepted.value(), 0u);
}

TEST_P(ProxyHeaderReaderTest, WithoutAValidHeaderItIsClosed) {
  for (std::string_view bytes : {"GET / HTTP/1.1\r\n\r\n", "PROXY TCP4 1.2.3.4\r\n", "P\n"}) {
    Peer client = Connect();
    client.Send(bytes);
    RunUntil([&] { return client.AtEnd(); });
  }
  EXPECT_EQ(listener().proxy_header_errors.value(), 3u);
  Peer leaving = Connect();
  leaving.Send("PROXY ");
  leaving.ShutdownSend();
  EXPECT_EQ(ReadToEnd(leaving), "");
  EXPECT_EQ(listener().proxy_header_errors.value(), 4u);
  EXPECT_EQ(counters_.connections_open.value(), 0u);
  EXPECT_FALSE(HasConnection(origin_));
}

TEST_P(ProxyHeaderReaderTest, TheHeaderHasItsTime) {
  Expect("192.0.2.0/24", std::chrono::milliseconds(20));
  Peer client = Connect();
  client.Send("PROXY ");
  EXPECT_EQ(ReadToEnd(client), "");
  EXPECT_EQ(listener().proxy_header_timeouts.value(), 1u);
  EXPECT_EQ(counters_.connections_open.value(), 0u);
}

TEST_P(ProxyHeaderReaderTest, ServersAreToldOfTheClientThatTheHeaderNames) {
  BecomeTcp();
  SendToServers(config::ProxyProtocol::kV1);
  Peer client = Connect();
  client.Send(std::string(kHeader) + "question");
  Peer server = Accept();
  const std::string expected = std::string(kHeader) + "question";
  EXPECT_EQ(Read(server, expected.size()), expected);
}

TEST_P(ProxyHeaderReaderTest, TlvsGoOnWithVersion2) {
  BecomeTcp();
  SendToServers(config::ProxyProtocol::kV2);
  const net::Address source = *net::Address::Parse("[2001:db8::1]:1");
  const net::Address destination = *net::Address::Parse("[2001:db8::2]:2");
  const std::string header = net::WriteProxyHeaderV2(source, destination, std::string_view("\xea\0\3abc", 6));
  Peer client = Connect();
  client.Send(header + "question");
  Peer server = Accept();
  EXPECT_EQ(Read(server, header.size() + 8), header + "question");
}

TEST_P(ProxyHeaderReaderTest, AHeaderThatSaysNothingLeavesThePeer) {
  BecomeTcp();
  SendToServers(config::ProxyProtocol::kV1);
  Peer client = Connect();
  client.Send("PROXY UNKNOWN\r\n");
  Peer server = Accept();
  // The client's address, as the test says, and the address that it connected to.
  sockaddr_storage own;
  socklen_t length = sizeof(own);
  ASSERT_EQ(getpeername(client.fd(), reinterpret_cast<sockaddr*>(&own), &length), 0);
  const net::Address destination = *net::Address::FromSockaddr(reinterpret_cast<sockaddr*>(&own), length);
  const std::string expected = "PROXY TCP4 192.0.2.1 127.0.0.1 1 " + std::to_string(destination.port()) + "\r\n";
  EXPECT_EQ(Read(server, expected.size()), expected);
}

TEST_P(ProxyHeaderReaderTest, EachRequestsConnectionBeginsWithAHeaderOfItsOwn) {
  SendToServers(config::ProxyProtocol::kV1);
  Peer client = Connect();
  client.Send(kHeader);
  for (int i = 0; i < 2; ++i) {
    client.Send(Get());
    Peer server = Accept();
    const std::string expected = std::string(kHeader) + Get();
    EXPECT_EQ(Read(server, expected.size()), expected);
    server.Send(Response("ok"));
    ReadHead(client);
    EXPECT_EQ(Read(client, 2), "ok");
    EXPECT_EQ(ReadToEnd(server), "") << "nobody else gets it";
  }
}

}  // namespace
}  // namespace fairlead::proxy
