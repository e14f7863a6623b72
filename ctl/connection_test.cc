#include "ctl/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ctl/address.h"
#include "ctl/fake_proxy.h"
#include "ctl/requests.h"

namespace fairlead::ctl {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

absl::StatusOr<std::unique_ptr<Connection>> Open(const FakeProxy& proxy,
                                                 std::chrono::nanoseconds timeout = seconds(10)) {
  return Connection::Open({.address = proxy.address(), .timeout = timeout});
}

TEST(Connection, KnowsTheProxyFromItsHello) {
  const FakeProxy proxy;
  const auto connection = Open(proxy);
  ASSERT_TRUE(connection.ok()) << connection.status();
  EXPECT_EQ((*connection)->hello().node_id(), "node-1");
}

TEST(Connection, SendsHeartbeatsWhileTheCommandWaits) {
  const FakeProxy proxy({.heartbeat_interval_ms = 10});
  const auto connection = Open(proxy);
  ASSERT_TRUE(connection.ok()) << connection.status();
  EXPECT_TRUE(proxy.WaitForHeartbeats(3));
}

TEST(Connection, TimesOutWithoutHello) {
  const FakeProxy proxy({.says_hello = false});
  EXPECT_EQ(Open(proxy, milliseconds(50)).status(),
            absl::DeadlineExceededError("no answer from " + proxy.address() + " within 50ms"));
}

TEST(Connection, TimesOutWithoutAnAnswer) {
  const FakeProxy proxy({.answers = false});
  const auto connection = Open(proxy, milliseconds(200));
  // On a machine that is busy enough the time is up before Hello.
  const absl::Status status = connection.ok() ? GetState(**connection, {}).status() : connection.status();
  EXPECT_EQ(status, absl::DeadlineExceededError("no answer from " + proxy.address() + " within 200ms"));
}

TEST(Connection, TimesOutWhileSendingToAProxyThatDoesNotRead) {
  const FakeProxy proxy({.reads = false, .heartbeat_interval_ms = 10});
  const auto connection = Open(proxy, milliseconds(1000));
  ASSERT_TRUE(connection.ok()) << connection.status();
  v1::ToProxy large;
  large.mutable_transaction()->set_comment(std::string(size_t{64} << 20, 'x'));
  EXPECT_EQ((*connection)->Send(large).code(), absl::StatusCode::kDeadlineExceeded);
}

TEST(Connection, EndsWhenTheProxyFallsSilent) {
  const FakeProxy proxy({.answers = false, .heartbeat_timeout_ms = 50});
  const auto connection = Open(proxy);
  ASSERT_TRUE(connection.ok()) << connection.status();
  EXPECT_EQ((*connection)->Receive().status(),
            absl::UnavailableError("heard nothing from " + proxy.address() + " for 50ms"));
}

TEST(Connection, GivesTheSameErrorEverAfter) {
  const FakeProxy proxy({.answers = false, .heartbeat_timeout_ms = 50});
  const auto connection = Open(proxy);
  ASSERT_TRUE(connection.ok()) << connection.status();
  const absl::Status end = (*connection)->Receive().status();
  EXPECT_EQ((*connection)->Receive().status(), end);
  EXPECT_EQ((*connection)->Send(v1::ToProxy()), end);
}

TEST(Connection, IsRefusedWhereNobodyListens) {
  std::string address;
  {
    const FakeProxy gone;
    address = gone.address();
  }
  EXPECT_EQ(Connection::Open({.address = address}).status(),
            absl::UnavailableError("can't reach the proxy at " + address + ": Connection refused"));
  EXPECT_EQ(Connection::Open({.address = "unix:/nowhere/socket"}).status(),
            absl::UnavailableError("can't reach the proxy at unix:/nowhere/socket: No such file or directory"));
}

TEST(Connection, NoticesThatTheProxyGoesAway) {
  auto proxy = std::make_unique<FakeProxy>();
  const std::string address = proxy->address();
  const auto connection = Open(*proxy);
  ASSERT_TRUE(connection.ok()) << connection.status();
  proxy.reset();
  const absl::Status status = (*connection)->Receive().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), ::testing::StartsWith("lost the proxy at " + address + ": "));
}

TEST(Connection, RefusesAnotherProtocol) {
  const FakeProxy proxy({.protocol_version = 2});
  EXPECT_EQ(Open(proxy).status(),
            absl::UnavailableError(proxy.address() + " speaks another protocol than version 1 of Fairlead's"));
}

TEST(MakeChannel, TakesHostsPortsAndUnixPaths) {
  for (const char* address : {"127.0.0.1:80", "localhost:65535", "[::1]:1", "unix:/run/x.sock", "unix:relative"}) {
    EXPECT_TRUE(MakeChannel(address, {}).ok()) << address;
  }
  for (const char* address : {"", "localhost", ":80", "localhost:", "localhost:0", "localhost:65536", "localhost:http",
                              "::1:80", "unix:", "http://localhost:80"}) {
    EXPECT_EQ(MakeChannel(address, {}).status(),
              absl::InvalidArgumentError("the proxy's address is HOST:PORT or unix:PATH, not \"" +
                                         std::string(address) + "\""));
  }
}

TEST(WhyUnreachable, IsTheEndOfWhatGrpcSays) {
  EXPECT_EQ(
      WhyUnreachable("failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: Failed to connect to "
                     "remote host: Connection refused"),
      "Connection refused");
  EXPECT_EQ(WhyUnreachable("Socket closed"), "Socket closed");
}

}  // namespace
}  // namespace fairlead::ctl
