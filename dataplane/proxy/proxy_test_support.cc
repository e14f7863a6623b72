#include "dataplane/proxy/proxy_test_support.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "dataplane/proxy/accept.h"
#include "dataplane/proxy/client_connection.h"

namespace fairlead::proxy::testing {

ProxyTest::ProxyTest()
    : snapshots_(
          [this](uint64_t sequence) { loop_->mailbox().Post([this, sequence] { published_.erase(sequence); }); }) {
  static_cast<upstream::Environment&>(environment_) = {
      .loop = loop_.get(), .turn_work = &turn_work_, .random = &random_, .counters = &counters_, .worker_index = 0};
  environment_.backends = &backends_;
  environment_.snapshots = &snapshots_;
  environment_.exchanges = &exchanges_;
  environment_.date = &date_;
  environment_.http2 = &http2_;

  listener_.counters = std::make_shared<metrics::ListenerCounters>();
  listener_.own_counters = &listener_.counters->of_worker(0);
  listener_.http.idle_timeout = std::chrono::seconds(10);
  listener_.http.header_timeout = std::chrono::seconds(10);
  config_.SetBackend("web");
  config_.SetServer("web", "s1", origin_.address);
  config_.SetRoutes("routes", {{"/", "web"}});
  listener_.http.route_table = config_.route_table("routes");
  listener_.http.route_table_id = "routes";
  Publish();
}

ProxyTest::~ProxyTest() {
  Run([&] {
    listener_.connections.ForEach([](ClientConnection* connection) { connection->Kill(); });
    backends_.Clear();
  });
  EXPECT_EQ(counters_.requests_active.value(), 0u);
  EXPECT_EQ(counters_.connections_open.value(), 0u);
  EXPECT_EQ(SnapshotsHeld(), 1u);
}

void ProxyTest::Publish() {
  TestConfig::Revision revision = config_.Build();
  published_[++sequence_] = revision.snapshot;
  Run([&] {
    backends_.Adopt(*revision.snapshot, revision.changes);
    snapshots_.Replace(revision.snapshot.get(), sequence_);
  });
}

size_t ProxyTest::SnapshotsHeld() {
  RunWhatIsDue();
  return published_.size();
}

Peer ProxyTest::Connect() {
  auto [fd, peer] = event::testing::TcpPair();
  Run([&, fd = fd] { AcceptClient(&environment_, &listener_, fd, *net::Address::Parse("192.0.2.1:1")); });
  return std::move(peer);
}

Peer ProxyTest::Accept(const Origin& origin) {
  Peer peer;
  RunUntil([&] {
    peer = Peer(accept4(origin.listener.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    return peer.fd() >= 0;
  });
  return peer;
}

bool ProxyTest::HasConnection(const Origin& origin) {
  pollfd poll_fd = {.fd = origin.listener.fd, .events = POLLIN, .revents = 0};
  return poll(&poll_fd, 1, 0) == 1;
}

std::string ProxyTest::Read(Peer& peer, size_t size) {
  std::string bytes;
  RunUntil([&] {
    bytes += peer.Receive(size - bytes.size());
    return bytes.size() >= size || peer.AtEnd();
  });
  return bytes;
}

std::string ProxyTest::ReadHead(Peer& peer) {
  std::string bytes;
  RunUntil([&] {
    while (!bytes.ends_with("\r\n\r\n")) {
      const std::string byte = peer.Receive(1);
      if (byte.empty()) break;
      bytes += byte;
    }
    return bytes.ends_with("\r\n\r\n") || peer.AtEnd();
  });
  return bytes;
}

std::string ProxyTest::ReadToEnd(Peer& peer) { return Read(peer, SIZE_MAX); }

bool ProxyTest::IsReset(Peer& peer) {
  char byte;
  ssize_t received = 0;
  RunUntil([&] {
    received = recv(peer.fd(), &byte, 1, 0);
    return received >= 0 || errno != EAGAIN;
  });
  return received < 0;
}

Peer ProxyTest::Serve(const Origin& origin, std::string_view body) {
  Peer peer = Accept(origin);
  ReadHead(peer);
  peer.Send(Response(body));
  return peer;
}

void ProxyTest::ExpectServedBy(const Origin& origin) {
  Peer client = Connect();
  client.Send(Get("/", "Connection: close\r\n"));
  Peer server = Accept(origin);
  ReadHead(server);
  server.Send(Response("ok", "Connection: close\r\n"));
  EXPECT_TRUE(ReadToEnd(client).ends_with("\r\n\r\nok"));
}

std::string ProxyTest::Ask(const std::string& request) {
  Peer client = Connect();
  client.Send(request);
  client.ShutdownSend();
  return WithoutDate(ReadToEnd(client));
}

std::string Get(std::string_view path, std::string_view fields) {
  return std::string("GET ").append(path).append(" HTTP/1.1\r\nHost: a\r\n").append(fields) + "\r\n";
}

std::string Post(std::string_view body, std::string_view fields) {
  return std::string("POST / HTTP/1.1\r\nHost: a\r\n").append(fields) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::string Response(std::string_view body, std::string_view fields) {
  return std::string("HTTP/1.1 200 OK\r\n").append(fields) + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body);
}

std::string WithoutDate(std::string responses) {
  for (size_t at; (at = responses.find("Date: ")) != std::string::npos;) {
    responses.erase(at, responses.find("\r\n", at) + 2 - at);
  }
  return responses;
}

}  // namespace fairlead::proxy::testing
