#include "dataplane/admin/admin_server.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/admin/endpoints.h"
#include "dataplane/admin/test_fleet.h"
#include "dataplane/event/loop_test_support.h"
#include "dataplane/http/h1/chunked_decoder.h"
#include "dataplane/http/h1/response_parser.h"
#include "dataplane/metrics/prometheus_reader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fairlead::admin {
namespace {

using event::IoBackend;
using event::testing::Peer;
using http::Method;
using http::h1::ChunkedDecoder;
using http::h1::ParseResult;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

struct Response {
  int status = 0;
  std::map<std::string, std::string> fields;
  std::string body;
};

class AdminServerTest : public event::testing::LoopTest {
 protected:
  AdminServerTest() {
    fleet_.AddServer(fleet_.AddBackend("web"), "w1");
    Listen("127.0.0.1:0");
  }
  ~AdminServerTest() override { std::filesystem::remove_all(directory_); }

  void Listen(const std::string& address) {
    auto server =
        AdminServer::Listen(loop_.get(), *net::Address::Parse(address), Endpoints([this] { return fleet_.status; }));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  Peer Connect() {
    const int fd = socket(server_->address().family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(connect(fd, server_->address().get(), server_->address().length()), 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return Peer(fd);
  }

  // Its pages are larger than what the kernel takes of them for a client that does not read: over a unix socket, whose
  // buffers do not grow as those of TCP.
  void MakeFleetBig() {
    Listen("unix:" + directory_ + "/admin.sock");
    const size_t backend = fleet_.AddBackend("big");
    for (int i = 0; i < 2'000; ++i) fleet_.AddServer(backend, "s" + std::to_string(i));
  }

  // As RunUntil, but without waiting: after PassTime the loop's timers, which end its waiting, are ahead of the clock.
  void TurnUntil(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "the condition did not come to hold";
      loop_->RunOnce(/*wait=*/false);
    }
  }
  void PassTime(uint64_t ms) { loop_->timers().Advance(loop_->now_ms() + ms); }

  // The next response on the connection; what follows it stays in received_.
  Response Receive(Peer& client, Method method = Method::kGet) {
    Response response;
    size_t tried = SIZE_MAX;
    TurnUntil([&] {
      const std::string more = client.Receive();
      received_ += more;
      // Looked at when nothing more comes at once, and something came.
      if (!more.empty() || (received_.size() == tried && !client.AtEnd())) return false;
      tried = received_.size();
      return TakeResponse(method, client, &response);
    });
    return response;
  }
  Response Ask(Peer& client, const std::string& request) {
    client.Send(request);
    return Receive(client, StartsWithHead(request) ? Method::kHead : Method::kGet);
  }
  Response Ask(const std::string& request) {
    Peer client = Connect();
    received_.clear();
    return Ask(client, request);
  }
  static std::string Get(const std::string& path) { return "GET " + path + " HTTP/1.1\r\nHost: admin\r\n\r\n"; }
  void ExpectClosed(Peer& client) {
    TurnUntil([&] { return client.AtEnd(); });
    client.Close();
    TurnUntil([&] { return server_->connections() == 0; });
  }

  // Short, as paths of unix sockets must be.
  const std::string directory_ = mkdtemp(std::string("/tmp/admin_server_test.XXXXXX").data());
  std::string received_;
  TestFleet fleet_;
  std::unique_ptr<AdminServer> server_;

 private:
  static bool StartsWithHead(const std::string& request) { return request.substr(0, 5) == "HEAD "; }

  bool TakeResponse(Method method, Peer& client, Response* response) {
    const http::HeadLimits limits;
    http::h1::ResponseParser parser(&limits);
    http::ResponseHead head;
    const ParseResult result = parser.Parse(received_, method, &head);
    EXPECT_NE(result.outcome, ParseResult::Outcome::kError) << result.reason << "\n" << received_;
    if (result.outcome != ParseResult::Outcome::kDone) return false;
    std::string_view rest = std::string_view(received_).substr(result.head_size);
    Response read;
    if (!TakeBody(head, client, &rest, &read.body)) return false;
    read.status = head.status;
    for (const auto& field : head.fields) read.fields[std::string(head.fields.name(field))] = head.fields.value(field);
    *response = std::move(read);
    received_.erase(0, received_.size() - rest.size());
    return true;
  }

  static bool TakeBody(const http::ResponseHead& head, Peer& client, std::string_view* rest, std::string* body) {
    switch (head.framing) {
      case http::BodyFraming::kNone:
      case http::BodyFraming::kTunnel:
        return true;
      case http::BodyFraming::kContentLength:
        if (rest->size() < head.content_length) return false;
        *body = rest->substr(0, head.content_length);
        rest->remove_prefix(head.content_length);
        return true;
      case http::BodyFraming::kUntilClose:
        *body = *rest;
        *rest = {};
        return client.AtEnd();
      case http::BodyFraming::kStreamed:
        break;
    }
    const http::h1::ChunkLimits limits;
    ChunkedDecoder decoder(&limits);
    http::FieldList trailers;
    while (true) {
      const ChunkedDecoder::Step step = decoder.Next(*rest, &trailers);
      EXPECT_NE(step.kind, ChunkedDecoder::Kind::kError) << step.reason;
      body->append(step.data);
      rest->remove_prefix(step.consumed);
      if (step.kind != ChunkedDecoder::Kind::kData) return step.kind == ChunkedDecoder::Kind::kEnd;
    }
  }
};

TEST_P(AdminServerTest, LivesAsLongAsTheLoopTurns) {
  fleet_.status.snapshot.revision = 0;
  const Response response = Ask(Get("/live"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "live\n");
  EXPECT_EQ(response.fields.at("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(response.fields.at("Cache-Control"), "no-store");
  EXPECT_THAT(response.fields.at("Date"), EndsWith(" GMT"));
}

TEST_P(AdminServerTest, IsReadyOrSaysWhyNot) {
  Response response = Ask(Get("/ready"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "ready\n");
  fleet_.status.draining = true;
  response = Ask(Get("/ready"));
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, "503 Service Unavailable: draining\n");
}

TEST_P(AdminServerTest, ShowsMetrics) {
  const Response response = Ask(Get("/metrics"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.fields.at("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  const auto page = metrics::ReadPrometheusPage(response.body);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->Get("fairlead_server_weight", "{backend=\"web\",server=\"w1\"}"), 1);
  EXPECT_GT(page->Get("process_open_fds"), 3);
}

TEST_P(AdminServerTest, ShowsStatusWithWhateverQuery) {
  const Response response = Ask(Get("/status?pretty"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.fields.at("Content-Type"), "application/json");
  EXPECT_THAT(response.body, StartsWith("{\"node_id\":\"proxy-1\","));
  EXPECT_THAT(response.body, EndsWith("}\n"));
}

TEST_P(AdminServerTest, AnswersHeadAsGetWithoutTheBody) {
  Peer client = Connect();
  for (const char* path : {"/live", "/ready", "/metrics", "/status", "/nothing"}) {
    const Response get = Ask(client, Get(path));
    const Response head = Ask(client, std::string("HEAD ") + path + " HTTP/1.1\r\nHost: admin\r\n\r\n");
    EXPECT_EQ(head.status, get.status);
    EXPECT_EQ(head.body, "");
    EXPECT_EQ(head.fields.at("Content-Type"), get.fields.at("Content-Type"));
    EXPECT_EQ(head.fields.count("Content-Length"), get.fields.count("Content-Length"));
  }
  EXPECT_EQ(received_, "");
}

TEST_P(AdminServerTest, NamesItsPathsWhereThereIsNothing) {
  for (const char* path : {"/", "/statu", "/status/", "/Live"}) {
    const Response response = Ask(Get(path));
    EXPECT_EQ(response.status, 404);
    EXPECT_EQ(response.body,
              "404 Not Found: want /live, /ready, /metrics, /status or /status/servers/BACKEND/SERVER\n");
  }
}

TEST_P(AdminServerTest, AllowsNoOtherMethod) {
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"}) {
    const Response response = Ask(std::string(method) + " /status HTTP/1.1\r\nHost: admin\r\n\r\n");
    EXPECT_EQ(response.status, 405);
    EXPECT_EQ(response.fields.at("Allow"), "GET, HEAD");
  }
}

TEST_P(AdminServerTest, RefusesGarbageAndCloses) {
  for (const char* garbage :
       {"hello\r\n\r\n", "GET /live\r\n\r\n", "GET /live HTTP/1.1\r\n\r\n", "\x16\x03\x01 a\r\n"}) {
    Peer client = Connect();
    const Response response = Ask(client, garbage);
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(response.fields.at("Connection"), "close");
    ExpectClosed(client);
  }
}

TEST_P(AdminServerTest, ClosesAfterGarbageBehindAGoodRequest) {
  Peer client = Connect();
  EXPECT_EQ(Ask(client, Get("/live")).status, 200);
  EXPECT_EQ(Ask(client, "hello\r\n\r\n").status, 400);
  ExpectClosed(client);

  Peer slow = Connect();
  EXPECT_EQ(Ask(slow, Get("/live")).status, 200);
  slow.Send("GET");
  RunWhatIsDue();
  PassTime(HttpConnection::kHeaderTimeoutMs);
  EXPECT_EQ(Receive(slow).status, 408);
  ExpectClosed(slow);
}

TEST_P(AdminServerTest, RefusesHeadsBeyondTheLimit) {
  Peer client = Connect();
  const Response response =
      Ask(client, "GET /live HTTP/1.1\r\nHost: admin\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n");
  EXPECT_EQ(response.status, 431);
  ExpectClosed(client);
}

TEST_P(AdminServerTest, RefusesBodiesAndClosesWithoutLosingTheAnswer) {
  for (const char* method : {"GET", "POST"}) {
    Peer client = Connect();
    const Response response =
        Ask(client, std::string(method) + " /live HTTP/1.1\r\nHost: admin\r\nContent-Length: 100000\r\n\r\n");
    EXPECT_EQ(response.status, method[0] == 'G' ? 400 : 405);
    EXPECT_EQ(response.fields.at("Connection"), "close");
    client.Send(std::string(50'000, 'x'));
    ExpectClosed(client);
  }
}

TEST_P(AdminServerTest, KeepsConnectionsAndAnswersPipelinedRequestsInTheirOrder) {
  Peer client = Connect();
  client.Send(Get("/live") + Get("/metrics") + Get("/nothing") + Get("/ready") + "GET /st");
  EXPECT_EQ(Receive(client).body, "live\n");
  EXPECT_TRUE(metrics::ReadPrometheusPage(Receive(client).body).ok());
  EXPECT_EQ(Receive(client).status, 404);
  EXPECT_EQ(Receive(client).body, "ready\n");
  client.Send("atus HTTP/1.1\r\nHost: admin\r\n\r\n");
  EXPECT_THAT(Receive(client).body, StartsWith("{"));
  EXPECT_EQ(server_->connections(), 1);
}

TEST_P(AdminServerTest, ClosesWhereTheClientAsksForIt) {
  Peer client = Connect();
  const Response response = Ask(client, "GET /live HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(response.body, "live\n");
  EXPECT_EQ(response.fields.at("Connection"), "close");
  ExpectClosed(client);
}

TEST_P(AdminServerTest, SpeaksHttp10) {
  Peer client = Connect();
  EXPECT_EQ(Ask(client, "GET /live HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").body, "live\n");
  // What is made while it is sent has no length: without chunks only the end of the connection can end it.
  const Response response = Ask(client, "GET /status HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(response.body, EndsWith("}\n"));
  EXPECT_EQ(response.fields.at("Connection"), "close");
  ExpectClosed(client);
}

TEST_P(AdminServerTest, GivesUpOnAHeadThatTakesTooLong) {
  Peer client = Connect();
  client.Send("GET /live HT");
  RunWhatIsDue();
  PassTime(HttpConnection::kHeaderTimeoutMs);
  EXPECT_EQ(Receive(client).status, 408);
  ExpectClosed(client);
}

TEST_P(AdminServerTest, ClosesConnectionsThatStaySilent) {
  Peer fresh = Connect();
  RunUntil([&] { return server_->connections() == 1; });
  PassTime(HttpConnection::kHeaderTimeoutMs);
  ExpectClosed(fresh);

  Peer idle = Connect();
  Ask(idle, Get("/live"));
  PassTime(HttpConnection::kIdleTimeoutMs - 1'000);
  EXPECT_EQ(server_->connections(), 1);
  PassTime(1'000);
  ExpectClosed(idle);
}

TEST_P(AdminServerTest, DoesNotWaitForeverForAClientToClose) {
  Peer client = Connect();
  Ask(client, "GET /live HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n");
  RunUntil([&] { return client.AtEnd(); });
  EXPECT_EQ(server_->connections(), 1);
  PassTime(HttpConnection::kLingerMs);
  EXPECT_EQ(server_->connections(), 0);
}

TEST_P(AdminServerTest, ASlowReaderOfABigFleetHoldsOnePieceAndNobodyUp) {
  MakeFleetBig();
  Peer warm_up = Connect();
  Ask(warm_up, Get("/live"));
  NoteBlocksOfAnIdleLoop();

  Peer slow = Connect();
  slow.Send(Get("/metrics"));
  RunUntil([&] { return BlocksHeld() > 0; });
  for (int i = 0; i < 100; ++i) RunWhatIsDue();
  EXPECT_LE(BlocksHeld(), 2 * Page::kPieceBytes / buffer::BlockPool::kBlockSize);
  EXPECT_EQ(Ask(warm_up, Get("/live")).body, "live\n");

  fleet_.status.snapshot = {};  // what was asked for is shown as it was
  const Response response = Receive(slow);
  const auto page = metrics::ReadPrometheusPage(response.body);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->families.at("fairlead_server_requests_total").samples.size(), 2'001);
  RunWhatIsDue();
  EXPECT_EQ(BlocksHeld(), 0);
}

TEST_P(AdminServerTest, GivesUpOnAClientThatTakesNothing) {
  MakeFleetBig();
  Peer client = Connect();
  client.Send(Get("/metrics"));
  for (int i = 0; i < 100; ++i) RunWhatIsDue();
  PassTime(HttpConnection::kSendTimeoutMs);
  EXPECT_EQ(server_->connections(), 0);
}

TEST_P(AdminServerTest, AClientThatGoesAwayInTheMiddleLeavesNothing) {
  MakeFleetBig();
  Peer warm_up = Connect();
  Ask(warm_up, Get("/live"));
  NoteBlocksOfAnIdleLoop();
  Peer client = Connect();
  client.Send(Get("/status"));
  RunUntil([&] { return BlocksHeld() > 0; });
  client.Close();
  RunUntil([&] { return server_->connections() == 1 && BlocksHeld() == 0; });
}

TEST_P(AdminServerTest, OneConnectionTooManyIsClosed) {
  std::vector<Peer> clients;
  for (size_t i = 0; i < AdminServer::kMaxConnections; ++i) clients.push_back(Connect());
  RunUntil([&] { return server_->connections() == AdminServer::kMaxConnections; });
  Peer one_more = Connect();
  RunUntil([&] { return one_more.AtEnd(); });
  EXPECT_EQ(Ask(clients[0], Get("/live")).body, "live\n");
}

TEST_P(AdminServerTest, EndsItsConnectionsWithItself) {
  MakeFleetBig();
  Peer idle = Connect();
  Ask(idle, Get("/live"));
  Peer busy = Connect();
  busy.Send(Get("/metrics"));
  RunUntil([&] { return server_->connections() == 2; });
  server_.reset();
  RunUntil([&] {
    busy.Receive();
    return idle.AtEnd() && busy.AtEnd();
  });
}

TEST_P(AdminServerTest, AnAddressThatIsTakenIsAnError) {
  const auto second = AdminServer::Listen(loop_.get(), server_->address(), Endpoints([this] { return fleet_.status; }));
  EXPECT_FALSE(second.ok());
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(server_->address().ToString()));
}

INSTANTIATE_FOR_ALL_BACKENDS(AdminServerTest);

}  // namespace
}  // namespace fairlead::admin
