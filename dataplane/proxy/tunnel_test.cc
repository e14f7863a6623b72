// Tunnels between a client and a server: how they end, and what is left behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <string>

#include "dataplane/proxy/exchange.h"
#include "dataplane/proxy/proxy_test_support.h"

namespace fairlead::proxy {
namespace {

using testing::Get;
using testing::Peer;
using testing::ProxyTest;
using ::testing::StartsWith;

class TunnelTest : public ProxyTest {
 protected:
  struct Ends {
    Peer client, server;
  };
  Ends Open() {
    Ends ends{Connect(), Peer()};
    ends.client.Send(Get("/", "Connection: upgrade\r\nUpgrade: websocket\r\n"));
    ends.server = Accept();
    EXPECT_THAT(ReadHead(ends.server), ::testing::EndsWith("Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"));
    ends.server.Send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
    EXPECT_THAT(ReadHead(ends.client), StartsWith("HTTP/1.1 101 "));
    EXPECT_EQ(counters_.tunnels_active.value(), 1u);
    return ends;
  }
};
INSTANTIATE_FOR_ALL_BACKENDS(TunnelTest);

TEST_P(TunnelTest, CarriesBytesAndEndsOnBothSides) {
  Ends ends = Open();
  ends.client.Send("ping");
  EXPECT_EQ(Read(ends.server, 4), "ping");
  ends.server.Send("pong");
  EXPECT_EQ(Read(ends.client, 4), "pong");
  ends.client.ShutdownSend();
  EXPECT_EQ(ReadToEnd(ends.server), "");
  EXPECT_EQ(counters_.requests_active.value(), 1u);
  ends.server.Send("last");
  ends.server.ShutdownSend();
  EXPECT_EQ(ReadToEnd(ends.client), "last");
  RunUntil([&] { return counters_.connections_open.value() == 0; });
  EXPECT_EQ(counters_.tunnels_active.value(), 0u);
}

// The server ends its side while what the client has sent last still waits for it to read.
TEST_P(TunnelTest, DeliversWhatTheClientSentLastWhoeverEndsFirst) {
  // Some of these leave the last bytes with the proxy: more than kernels take for a socket that nobody reads, and less
  // than what makes the proxy stop reading the client.
  for (size_t size = 64 * 1024; size <= 8 * 1024 * 1024; size += size / 4 + 16 * 1024) {
    Ends ends = Open();
    const std::string bytes = event::testing::Pattern(size);
    size_t sent = 0;
    // In turns, until the kernel takes no more or all is sent.
    for (int idle = 0; sent < size && idle < 3;) {
      const ssize_t taken = send(ends.client.fd(), bytes.data() + sent, size - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
      idle = taken > 0 ? 0 : idle + 1;
      if (taken > 0) sent += static_cast<size_t>(taken);
      RunWhatIsDue();
    }
    ends.client.ShutdownSend();
    RunWhatIsDue();
    ends.server.ShutdownSend();
    RunWhatIsDue();
    EXPECT_EQ(ReadToEnd(ends.client), "");
    const std::string received = ReadToEnd(ends.server);
    EXPECT_EQ(received.size(), sent);
    ASSERT_TRUE(received == bytes.substr(0, sent)) << size;
    RunUntil([&] { return counters_.tunnels_active.value() == 0; });
    if (sent < size) break;  // the proxy has stopped reading: no larger size leads further
  }
}

TEST_P(TunnelTest, IsResetOnBothSidesWhenItIsIdle) {
  config_.SetBackend(
      "web", [&](config::BackendSettings* settings) { settings->tunnel_idle_timeout = std::chrono::milliseconds(20); });
  Publish();
  Ends ends = Open();
  EXPECT_TRUE(IsReset(ends.client));
  EXPECT_TRUE(IsReset(ends.server));
  EXPECT_EQ(counters_.tunnel_idle_timeouts.value(), 1u);
}

TEST_P(TunnelTest, IsResetOnTheOtherSideWhenOneSideIs) {
  Ends ends = Open();
  ends.client.Reset();
  EXPECT_TRUE(IsReset(ends.server));
  ends = Open();
  ends.server.Reset();
  EXPECT_TRUE(IsReset(ends.client));
}

TEST_P(TunnelTest, OutlivesItsServerAndItsRevision) {
  Ends ends = Open();
  config_.RemoveServer("web", "s1");
  Publish();
  ends.client.Send("ping");
  EXPECT_EQ(Read(ends.server, 4), "ping");
  EXPECT_EQ(SnapshotsHeld(), 2u);
  ends.client.ShutdownSend();
  ends.server.ShutdownSend();
  EXPECT_EQ(ReadToEnd(ends.client), "");
  RunUntil([&] { return SnapshotsHeld() == 1; });
}

TEST_P(TunnelTest, IsCutWhenItsServerGoesToMaintenance) {
  Ends ends = Open();
  config_.SetServer("web", "s1", origin_.address,
                    [](config::Server* server) { server->admin_state = config::AdminState::kMaint; });
  Publish();
  EXPECT_TRUE(IsReset(ends.client));
  EXPECT_TRUE(IsReset(ends.server));
}

}  // namespace
}  // namespace fairlead::proxy
