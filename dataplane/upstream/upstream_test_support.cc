#include "dataplane/upstream/upstream_test_support.h"

#include <poll.h>
#include <sys/socket.h>

#include <utility>

#include "dataplane/http/h1/request_parser.h"
#include "dataplane/http/head_limits.h"
#include "dataplane/net/address.h"

namespace fairlead::upstream::testing {

using event::testing::Peer;
using event::testing::TestListener;

TestUser::TestUser(std::string_view request) : request_text_(request) {
  const http::HeadLimits limits;
  http::h1::RequestParser parser(&limits);
  EXPECT_EQ(parser.Parse(request_text_, &request_).head_size, request_text_.size());
}

void TestUser::Start(Server* server, bool fresh) {
  Start({.server = server, .place = server->TryBegin(fresh).value()});
}

void TestUser::Start(const Choice& choice) {
  server_ = choice.server;
  connection_ = *server_->Acquire(this, choice.place);
  reused_ = !connection_->connecting();
  if (reused_) OnConnected(connection_);
}

void TestUser::OnConnected(Channel* channel) {
  connection_ = channel;
  connected = true;
  connection_->stream().SendHead(request_, {});
  if (request_.framing == http::BodyFraming::kNone) connection_->stream().SendEnd(nullptr);
}

void TestUser::OnResponseEnd(const http::FieldList*) {
  ended = true;
  Abort();
}

void TestUser::OnServerError(http::ServerError server_error, std::string_view) {
  EXPECT_FALSE(done());
  error = server_error;
  connection_ = nullptr;
  std::exchange(server_, nullptr)->EndRequest();
}

void TestUser::Abort() {
  std::exchange(connection_, nullptr)->Release();
  std::exchange(server_, nullptr)->EndRequest();
}

UpstreamTest::UpstreamTest()
    : environment_{.loop = loop_.get(),
                   .turn_work = &turn_work_,
                   .random = &random_,
                   .counters = &counters_,
                   .worker_index = 0} {}

base::CountedPtr<config::Server> UpstreamTest::MakeServer(const TestListener& listener) {
  auto server = base::MakeCounted<config::Server>();
  server->id = "s";
  server->address = *net::Address::FromSockaddr(listener.addr(), listener.length);
  server->counters = base::MakeCounted<metrics::ServerCounters>();
  return server;
}

Peer UpstreamTest::Accept(const TestListener& listener) {
  Peer peer;
  RunUntil([&] {
    peer = Peer(accept4(listener.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    return peer.fd() >= 0;
  });
  return peer;
}

bool UpstreamTest::HasConnection(const TestListener& listener) {
  pollfd poll_fd = {.fd = listener.fd, .events = POLLIN, .revents = 0};
  return poll(&poll_fd, 1, 0) == 1;
}

void UpstreamTest::Answer(Peer& peer, std::string_view response) {
  std::string request;
  RunUntil([&] {
    request += peer.Receive();
    return request.ends_with("\r\n\r\n");
  });
  peer.Send(response);
}

void UpstreamTest::Exchange(Server* server, Peer& peer) {
  TestUser user;
  Run([&] { user.Start(server); });
  EXPECT_TRUE(user.reused());
  Answer(peer);
  RunUntil([&] { return user.done(); });
  EXPECT_EQ(user.body, "ok");
}

}  // namespace fairlead::upstream::testing
