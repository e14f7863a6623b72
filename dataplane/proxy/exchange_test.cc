// What becomes of requests, answers and failures between a client and the servers.
#include "dataplane/proxy/exchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "dataplane/access_log/wake_up.h"
#include "dataplane/access_log/worker_log.h"
#include "dataplane/config/access_log.h"
#include "dataplane/http/h1/request_parser.h"
#include "dataplane/http/server_codec.h"
#include "dataplane/proxy/client.h"
#include "dataplane/proxy/proxy_test_support.h"

namespace fairlead::proxy {
namespace {

using ::testing::EndsWith;
using testing::Get;
using ::testing::HasSubstr;
using testing::Origin;
using testing::Peer;
using testing::Post;
using testing::ProxyTest;
using testing::Response;
using ::testing::StartsWith;
using testing::WithoutDate;

class ExchangeTest : public ProxyTest {
 protected:
  metrics::ServerWorkerCounters& server_counters() { return config_.server("web", "s1").counters->of_worker(0); }
  // An upstream connection in the pool, as the server sees it.
  Peer MakeIdleConnection() {
    Peer client = Connect();
    client.Send(Get());
    Peer server = Serve(origin_);
    EXPECT_THAT(ReadHead(client), StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_EQ(Read(client, 2), "ok");
    return server;
  }
  void SetTimeouts(uint64_t response_ms, uint64_t idle_ms) {
    config_.SetBackend("web", [&](config::BackendSettings* settings) {
      settings->response_timeout = std::chrono::milliseconds(response_ms);
      settings->idle_timeout = std::chrono::milliseconds(idle_ms);
    });
    Publish();
  }
};
INSTANTIATE_FOR_ALL_BACKENDS(ExchangeTest);

TEST_P(ExchangeTest, CarriesARequestAndItsResponse) {
  Peer client = Connect();
  client.Send(Get("/path?query", "X-Some: thing\r\n"));
  Peer server = Accept();
  EXPECT_EQ(ReadHead(server), "GET /path?query HTTP/1.1\r\nHost: a\r\nX-Some: thing\r\n\r\n");
  server.Send(Response("hello", "X-Other: thing\r\n"));
  const std::string head = ReadHead(client);
  EXPECT_EQ(WithoutDate(head), "HTTP/1.1 200 OK\r\nX-Other: thing\r\nContent-Length: 5\r\n\r\n");
  EXPECT_THAT(head, HasSubstr("\r\nDate: "));
  EXPECT_EQ(Read(client, 5), "hello");
  EXPECT_EQ(counters_.requests.value(), 1u);
  EXPECT_EQ(counters_.responses[1].value(), 1u);
  EXPECT_EQ(server_counters().responses[1].value(), 1u);
}

TEST_P(ExchangeTest, UsesTheServersConnectionAgain) {
  Peer server = MakeIdleConnection();
  Peer client = Connect();
  for (int i = 0; i < 3; ++i) {
    client.Send(Get());
    EXPECT_THAT(ReadHead(server), StartsWith("GET / "));
    server.Send(Response("again"));
    ReadHead(client);
    EXPECT_EQ(Read(client, 5), "again");
  }
  EXPECT_EQ(server_counters().connections.value(), 1u);
}

TEST_P(ExchangeTest, AnswersPipelinedRequestsInTheirOrder) {
  Peer client = Connect();
  client.Send(Get("/1") + Get("/2"));
  Peer server = Accept();
  EXPECT_THAT(ReadHead(server), StartsWith("GET /1 "));
  RunWhatIsDue();
  EXPECT_EQ(server.Receive(), "") << "one at a time";
  server.Send(Response("1", "Connection: close\r\n"));
  Peer other = Accept();
  EXPECT_THAT(ReadHead(other), StartsWith("GET /2 "));
  other.Send(Response("2"));
  for (const char* body : {"1", "2"}) {
    const std::string head = ReadHead(client);
    EXPECT_EQ(WithoutDate(head) + Read(client, 1), Response(body));
  }
}

TEST_P(ExchangeTest, SaysWhyThereIsNoAnswer) {
  EXPECT_EQ(Ask("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n").substr(0, 12), "HTTP/1.1 405");
  config_.SetRoutes("routes", {{"/api", "web"}});
  Publish();
  EXPECT_THAT(Ask(Get("/other")), AllOf(StartsWith("HTTP/1.1 404 "), EndsWith("no route for this request\n")));
  EXPECT_EQ(counters_.no_route.value(), 1u);
  config_.SetServer("web", "s1", origin_.address,
                    [](config::Server* server) { server->admin_state = config::AdminState::kDrain; });
  Publish();
  EXPECT_THAT(Ask(Get("/api")),
              AllOf(StartsWith("HTTP/1.1 503 "), EndsWith("no eligible server in backend \"web\"\n")));
  EXPECT_EQ(counters_.no_eligible_server.value(), 1u);
}

TEST_P(ExchangeTest, AnswersForAListenerWhoseRoutesAreGone) {
  config_.RemoveRoutes("routes");
  Publish();
  EXPECT_THAT(Ask(Get()), StartsWith("HTTP/1.1 503 "));
  config_.SetRoutes("others", {{"/", "web"}});
  ASSERT_EQ(config_.route_table("others"), listener_.http.route_table);
  Publish();
  EXPECT_THAT(Ask(Get()), StartsWith("HTTP/1.1 503 ")) << "not by the routes of others";
}

TEST_P(ExchangeTest, TriesAnotherServerWhereTheConnectionIsRefused) {
  Origin gone, other;
  close(gone.listener.fd);
  config_.RemoveServer("web", "s1");
  config_.SetServer("web", "gone", gone.address);
  config_.SetServer("web", "other", other.address);
  Publish();
  for (int i = 0; i < 4; ++i) {
    Peer client = Connect();
    client.Send(Post("body", "Connection: close\r\n"));
    Peer server = Accept(other);
    ReadHead(server);
    EXPECT_EQ(Read(server, 4), "body") << "whatever was received while connecting";
    server.Send(Response("ok", "Connection: close\r\n"));
    EXPECT_THAT(ReadToEnd(client), EndsWith("ok"));
  }
  EXPECT_GT(counters_.retries.value(), 0u);
  EXPECT_EQ(counters_.upstream_failures.value(), 0u);
}

TEST_P(ExchangeTest, GivesUpAfterThreeConnectionsThatAreRefused) {
  close(origin_.listener.fd);
  EXPECT_THAT(Ask(Get()), StartsWith("HTTP/1.1 502 "));
  EXPECT_EQ(server_counters().connect_failures.value(), 3u);
  EXPECT_EQ(counters_.retries.value(), 2u);
  EXPECT_EQ(counters_.upstream_failures.value(), 1u);
}

TEST_P(ExchangeTest, KeepsTrailersThatCameBeforeTheConnection) {
  Origin gone;
  close(gone.listener.fd);
  config_.SetServer("web", "gone", gone.address);
  Publish();
  for (int i = 0; i < 2; ++i) {  // one of them is tried at the server that is gone
    Peer client = Connect();
    client.Send(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nA: 1\r\nB: 2\r\n\r\n");
    Peer server = Accept();
    ReadHead(server);
    const std::string body = "4\r\nbody\r\n0\r\nA: 1\r\nB: 2\r\n\r\n";
    EXPECT_EQ(Read(server, body.size()), body);
    server.Send(Response("ok", "Connection: close\r\n"));
    ReadHead(client);
    EXPECT_EQ(Read(client, 2), "ok");
  }
}

// A pooled connection that the server closes while the request is on its way.
TEST_P(ExchangeTest, SendsAGetOnceMoreWhereAPooledConnectionWasStale) {
  Peer server = MakeIdleConnection();
  Peer client = Connect();
  client.Send(Get());
  ReadHead(server);
  server.Close();
  Peer other = Serve(origin_, "second");
  ReadHead(client);
  EXPECT_EQ(Read(client, 6), "second");
  EXPECT_EQ(counters_.retries.value(), 1u);
}

TEST_P(ExchangeTest, SendsNoPostTwice) {
  Peer server = MakeIdleConnection();
  Peer client = Connect();
  client.Send(Post("body"));
  ReadHead(server);
  server.Close();
  EXPECT_THAT(ReadHead(client), StartsWith("HTTP/1.1 502 "));
  RunWhatIsDue();
  EXPECT_FALSE(HasConnection(origin_));
}

TEST_P(ExchangeTest, SendsNothingTwiceOfWhichTheServerHasABody) {
  Peer server = MakeIdleConnection();
  Peer client = Connect();
  client.Send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo");
  ReadHead(server);
  Read(server, 2);
  server.Close();
  EXPECT_THAT(ReadHead(client), StartsWith("HTTP/1.1 502 "));
}

TEST_P(ExchangeTest, SendsAGetNoThirdTime) {
  Peer server = MakeIdleConnection();
  Peer client = Connect();
  client.Send(Get());
  ReadHead(server);
  server.Close();
  Peer second = Accept();
  ReadHead(second);
  second.Close();
  EXPECT_THAT(ReadHead(client), StartsWith("HTTP/1.1 502 "));
  RunWhatIsDue();
  EXPECT_FALSE(HasConnection(origin_));
}

TEST_P(ExchangeTest, SendsNothingAgainWhereANewConnectionCloses) {
  Peer client = Connect();
  client.Send(Get());
  Peer server = Accept();
  ReadHead(server);
  server.Close();
  EXPECT_THAT(ReadHead(client), StartsWith("HTTP/1.1 502 "));
  EXPECT_EQ(server_counters().failures.value(), 1u);
}

TEST_P(ExchangeTest, Answers502ToAMalformedResponse) {
  Peer client = Connect();
  client.Send(Get());
  Peer server = Accept();
  ReadHead(server);
  server.Send("HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\nx");
  EXPECT_THAT(ReadHead(client), StartsWith("HTTP/1.1 502 "));
  ReadToEnd(server);  // it is closed
}

TEST_P(ExchangeTest, BreaksTheResponseOffWhereTheServerDoes) {
  Peer client = Connect();
  client.Send("GET / HTTP/1.0\r\n\r\n");
  Peer server = Accept();
  ReadHead(server);
  server.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
  ReadHead(client);
  EXPECT_EQ(Read(client, 4), "half");
  server.Close();
  EXPECT_TRUE(IsReset(client)) << "an end would make what came a whole response";
  EXPECT_EQ(counters_.upstream_failures.value(), 1u);
}

// A client's stream that looks at the counters when it is cut.
class WatchfulStream final : public http::ServerStream {
 public:
  explicit WatchfulStream(const metrics::WorkerCounters* counters) : counters_(counters) {}

  void SendInformational(const http::ResponseHead&) override {}
  void SendHead(const http::ResponseHead&, const http::HeadEdits&) override { has_head = true; }
  void SendData(buffer::Slice) override {}
  void SendEnd(const http::FieldList*) override {}
  void SendError(uint16_t, std::string_view, const http::HeadEdits&) override {}
  void SendFixed(uint16_t, std::string_view, const http::HeadEdits&) override {}
  size_t ErrorBodySize(uint16_t, std::string_view) const override { return 0; }
  void EndConnection() override {}
  void Abort() override { active_when_cut = counters_->requests_active.value(); }
  void PauseBody() override {}
  void ResumeBody() override {}
  size_t unsent_bytes() const override { return 0; }

  bool has_head = false;
  std::optional<int64_t> active_when_cut;

 private:
  const metrics::WorkerCounters* const counters_;
};

TEST_P(ExchangeTest, CountsAResponseThatItCutsBeforeItsClientCanSeeThat) {
  WatchfulStream stream(&counters_);
  const Client client{.listener = &listener_, .address = *net::Address::Parse("192.0.2.1:1")};
  const std::string bytes = Get();
  const http::HeadLimits limits;
  Run([&] {
    Exchange* const exchange = exchanges_.Take();
    exchange->Begin(&stream, &client);
    http::ServerStreamHandler* const handler = exchange;
    http::h1::RequestParser parser(&limits);
    EXPECT_EQ(parser.Parse(bytes, &handler->request_head()).outcome, http::h1::ParseResult::Outcome::kDone);
    handler->OnRequestHead(/*body_follows=*/false);
  });
  Peer server = Accept();
  ReadHead(server);
  server.Send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhalf");
  RunUntil([&] { return stream.has_head; });
  EXPECT_EQ(counters_.requests_active.value(), 1u);
  server.Close();
  RunUntil([&] { return stream.active_when_cut.has_value(); });
  EXPECT_EQ(stream.active_when_cut, 0);
}

TEST_P(ExchangeTest, Answers504WhereTheServerDoesNot) {
  SetTimeouts(/*response_ms=*/30, /*idle_ms=*/10'000);
  Peer client = Connect();
  client.Send(Get());
  Peer server = Accept();
  ReadHead(server);
  EXPECT_THAT(ReadHead(client), StartsWith("HTTP/1.1 504 "));
  ReadToEnd(server);  // it is closed
  EXPECT_EQ(counters_.upstream_timeouts.value(), 1u);
}

TEST_P(ExchangeTest, TakesTheTimeoutOfTheRouteBeforeTheBackends) {
  config_.SetRoutes("routes", {{"/", "web"}},
                    [](config::RouteRule* rule) { rule->timeout = std::chrono::milliseconds(30); });
  Publish();
  EXPECT_THAT(Ask(Get()), StartsWith("HTTP/1.1 504 "));
}

TEST_P(ExchangeTest, WaitsForTheResponseFromTheRequestsEndOn) {
  SetTimeouts(/*response_ms=*/30, /*idle_ms=*/10'000);
  Peer client = Connect();
  client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na");
  Peer server = Accept();
  ReadHead(server);
  const uint64_t start_ms = loop_->now_ms();
  RunUntil([&] { return loop_->now_ms() > start_ms + 60; });
  EXPECT_EQ(client.Receive(), "");
  client.Send("b");
  EXPECT_THAT(ReadHead(client), StartsWith("HTTP/1.1 504 "));
}

TEST_P(ExchangeTest, Answers408WhereTheRequestsBodyDoesNotGoOn) {
  SetTimeouts(/*response_ms=*/10'000, /*idle_ms=*/30);
  Peer client = Connect();
  client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na");
  Peer server = Accept();
  ReadHead(server);
  EXPECT_THAT(ReadToEnd(client), StartsWith("HTTP/1.1 408 "));
  EXPECT_EQ(counters_.upstream_timeouts.value(), 0u);
}

TEST_P(ExchangeTest, Answers504WhereTheServerDoesNotTakeTheRequestsBody) {
  SetTimeouts(/*response_ms=*/10'000, /*idle_ms=*/50);
  Peer client = Connect();
  client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n");
  Peer server = Accept();
  ReadHead(server);
  std::string answer;
  RunUntil([&] {
    client.SendUntilFull();
    answer += client.Receive();
    return answer.ends_with("\n");
  });
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 504 "));
}

TEST_P(ExchangeTest, BreaksOffAResponseThatDoesNotGoOn) {
  SetTimeouts(/*response_ms=*/10'000, /*idle_ms=*/30);
  Peer client = Connect();
  client.Send(Get());
  Peer server = Accept();
  ReadHead(server);
  server.Send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
  EXPECT_THAT(ReadToEnd(client), EndsWith("half"));
  ReadToEnd(server);
  EXPECT_EQ(counters_.upstream_timeouts.value(), 1u);
}

TEST_P(ExchangeTest, PassesContinueOnAndTheBodyAfterwards) {
  Peer client = Connect();
  client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  Peer server = Accept();
  EXPECT_THAT(ReadHead(server), HasSubstr("Expect: 100-continue\r\n"));
  server.Send("HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(ReadHead(client), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("body");
  EXPECT_EQ(Read(server, 4), "body");
  server.Send(Response("ok"));
  EXPECT_THAT(ReadHead(client), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_P(ExchangeTest, CarriesAnAnswerThatComesBeforeTheRequestsEnd) {
  Peer client = Connect();
  client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nsome");
  Peer server = Accept();
  ReadHead(server);
  server.Send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno");
  EXPECT_THAT(ReadHead(client), AllOf(StartsWith("HTTP/1.1 413 "), HasSubstr("Connection: close\r\n")));
  EXPECT_EQ(Read(client, 2), "no");
  ReadToEnd(server);  // no other request may follow the half one
  client.Close();
  RunUntil([&] { return counters_.connections_open.value() == 0; });
}

TEST_P(ExchangeTest, NamesAServerForAClientThatNamedNone) {
  Peer client = Connect();
  client.Send("GET / HTTP/1.0\r\n\r\n");
  Peer server = Accept();
  EXPECT_EQ(ReadHead(server), "GET / HTTP/1.1\r\nHost: " + origin_.address.ToString() + "\r\n\r\n");
}

TEST_P(ExchangeTest, AnswersHeadWithoutABody) {
  Peer client = Connect();
  client.Send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  Peer server = Accept();
  ReadHead(server);
  server.Send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(WithoutDate(ReadHead(client)), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  client.Send(Get());
  EXPECT_THAT(ReadHead(server), StartsWith("GET / ")) << "both connections are kept";
}

TEST_P(ExchangeTest, LetsTheServerGoWithItsClient) {
  Peer client = Connect();
  client.Send(Get());
  Peer server = Accept();
  ReadHead(server);
  client.Reset();
  ReadToEnd(server);
  RunUntil([&] { return counters_.connections_open.value() == 0; });
  EXPECT_EQ(counters_.client_aborts.value(), 1u);
  EXPECT_EQ(counters_.requests_active.value(), 0u);
  EXPECT_EQ(config_.server("web", "s1").counters->active_requests.load(), 0u);
}

TEST_P(ExchangeTest, LetsTheServerGoWithAClientThatLeavesWithinItsBody) {
  Peer client = Connect();
  client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo");
  Peer server = Accept();
  ReadHead(server);
  client.Close();
  ReadToEnd(server);
  RunUntil([&] { return counters_.connections_open.value() == 0; });
  EXPECT_EQ(counters_.client_aborts.value(), 1u);
}

TEST_P(ExchangeTest, LetsTheServerGoWithAClientThatLeavesWhileItConnects) {
  Peer client = Connect();
  client.Send(Get());
  RunUntil([&] { return counters_.requests_active.value() == 1; });
  client.Reset();
  RunUntil([&] { return counters_.connections_open.value() == 0; });
  Peer server = Accept();
  ReadToEnd(server);
}

// While a request waits for a server, the revision that it was routed by may go, and with it all that its line in the
// access log could tell of that.
TEST_P(ExchangeTest, TellsNothingOfARevisionThatItWaitedInForNothing) {
  access_log::WakeUp wake_up;
  access_log::WorkerLog log(&wake_up);
  environment_.access_log = &log;
  listener_.access_log = std::make_shared<const config::AccessLog>();
  config_.SetBackend("web", [](config::BackendSettings* settings) { settings->queue_length = 1; });
  config_.SetServer("web", "s1", origin_.address,
                    [](config::Server* server) { server->SetLimits(config::kNoLimit, 1); });
  Publish();
  Peer first = Connect();
  first.Send(Get());
  Peer server = Accept();
  ReadHead(server);
  Peer second = Connect();
  second.Send(Get());
  RunUntil([&] { return counters_.requests_active.value() == 2; });
  EXPECT_EQ(log.ring().Lines(), "");

  config_.RemoveRoutes("routes");
  Publish();
  server.Send(Response("ok"));
  EXPECT_THAT(ReadHead(second), StartsWith("HTTP/1.1 503 "));
  RunUntil([&] { return counters_.requests_active.value() == 0; });
  EXPECT_THAT(std::string(log.ring().Lines()),
              HasSubstr("\"route_table\":null,\"virtual_host\":null,\"rule\":null,\"backend\":null,\"server\":null,"));
}

}  // namespace
}  // namespace fairlead::proxy
