#include "dataplane/http/h1/server_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "dataplane/http/h1/test_connection.h"

namespace fairlead::http::h1 {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

std::string Get(std::string_view path, std::string_view fields = "") {
  return std::string("GET ").append(path).append(" HTTP/1.1\r\nHost: a\r\n").append(fields) + "\r\n";
}

std::string Post(std::string_view body) {
  return "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

// Has every request answered with its path and body, as soon as it is whole.
void Echo(TestConnection& connection) {
  connection.on_begin = [](TestRequest& request) {
    request.on_end = [&request] { request.Respond(request.path + " " + request.body + request.trailers); };
  };
}

std::string Ok(std::string_view content) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(content.size()) + "\r\n\r\n" + std::string(content);
}

TEST(ServerCodec, KeepsTheConnectionForTheNextRequest) {
  TestConnection connection;
  connection.Receive(kGet);
  EXPECT_EQ(connection.request(0).path, "/a");
  EXPECT_FALSE(connection.codec().idle());
  connection.Run([&] { connection.request(0).Respond("ok"); });
  EXPECT_EQ(connection.TakeSent(), kOk);
  EXPECT_TRUE(connection.codec().idle());
  EXPECT_TRUE(connection.receiving);
  connection.Receive(Get("/b"));
  EXPECT_EQ(connection.request(1).path, "/b");
  EXPECT_FALSE(connection.closing);
  EXPECT_THAT(connection.responses, ElementsAre(200));
}

TEST(ServerCodec, HoldsNoBuffersWhileIdle) {
  TestConnection connection;
  Echo(connection);
  for (const std::string& request :
       {Get("/a"), Post("body"),
        std::string("POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nT: 1\r\n\r\n")}) {
    for (char byte : request) connection.Receive({&byte, 1});
    EXPECT_TRUE(connection.codec().idle());
    EXPECT_EQ(connection.blocks_in_use(), 0u);
  }
}

// RFC 9112 §9.3: 1.1 stays unless someone says close; 1.0 ends unless keep-alive was asked for, and says so.
TEST(ServerCodec, ClosesWhereTheClientDoesNotWantToGoOn) {
  const auto respond_to = [](const std::string& request) {
    TestConnection connection;
    connection.Receive(request);
    connection.Run([&] { connection.request(0).Respond("ok"); });
    return (connection.closing ? "closing " : "open ") + connection.TakeSent();
  };
  EXPECT_EQ(respond_to(Get("/", "Connection: close\r\n")),
            "closing HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
  EXPECT_EQ(respond_to("GET / HTTP/1.0\r\n\r\n"),
            "closing HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
  EXPECT_EQ(respond_to("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
            "open HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok");
}

TEST(ServerCodec, AnswersPipelinedRequestsInTheirOrderOneAfterTheOther) {
  TestConnection connection;
  connection.Receive(Get("/1") + Get("/2") + Get("/3"));
  ASSERT_EQ(connection.requests.size(), 1u);
  EXPECT_FALSE(connection.receiving);
  connection.Receive(Get("/4"));
  connection.Run([&] { connection.request(0).Respond("1"); });
  ASSERT_EQ(connection.requests.size(), 2u);
  EXPECT_EQ(connection.request(1).path, "/2");
  connection.Run([&] { connection.request(1).Respond("2"); });
  connection.Run([&] { connection.request(2).Respond("3"); });
  connection.Run([&] { connection.request(3).Respond("4"); });
  EXPECT_EQ(connection.request(3).path, "/4");
  EXPECT_EQ(connection.TakeSent(), Ok("1") + Ok("2") + Ok("3") + Ok("4"));
  EXPECT_TRUE(connection.codec().idle());
  EXPECT_TRUE(connection.receiving);
}

TEST(ServerCodec, AnswersPipelinedRequestsThatAreAnsweredAtOnce) {
  TestConnection connection;
  Echo(connection);
  std::string requests, responses;
  for (int i = 0; i < 5000; ++i) {
    requests += Get("/" + std::to_string(i));
    responses += Ok("/" + std::to_string(i) + " ");
  }
  connection.Receive(requests);
  EXPECT_EQ(connection.TakeSent(), responses);
  EXPECT_TRUE(connection.codec().idle());
}

TEST(ServerCodec, ReadsNoFurtherRequestWhileTheClientLeavesResponsesUnread) {
  TestConnection connection;
  connection.sending = false;
  connection.on_begin = [](TestRequest& request) {
    request.on_end = [&request] { request.Respond(std::string(10'000, 'x')); };
  };
  for (int i = 0; i < 1000; ++i) connection.Receive(Get("/"));
  EXPECT_LT(connection.requests.size(), 10u);
  EXPECT_LT(connection.unsent(), ServerCodecHost::kHighWatermark + 11'000);
  connection.Send(1000);
  EXPECT_LT(connection.requests.size(), 10u);
  // They go on when it reads, to the last.
  connection.sending = true;
  connection.Send(1'000'000);
  EXPECT_EQ(connection.requests.size(), 1000u);
  EXPECT_EQ(connection.unsent(), 0u);
  EXPECT_TRUE(connection.receiving);
}

TEST(ServerCodec, GoesOnWithPipelinedRequestsThatCameInOnePieceWhenTheClientReads) {
  TestConnection connection;
  connection.sending = false;
  connection.on_begin = [](TestRequest& request) {
    request.on_end = [&request] { request.Respond(std::string(40'000, 'x')); };
  };
  std::string requests;
  for (int i = 0; i < 10; ++i) requests += Get("/");
  connection.Receive(requests);
  EXPECT_EQ(connection.requests.size(), 2u);
  EXPECT_TRUE(connection.codec().idle()) << "the client may not take for ever";
  connection.sending = true;
  connection.Send(1'000'000);
  EXPECT_EQ(connection.requests.size(), 10u);
  EXPECT_TRUE(connection.receiving);
}

TEST(ServerCodec, TakesRequestsInPiecesOfAnySize) {
  const std::vector<std::string> requests = {
      Get("/get"),
      Post("0123456789"),
      "POST /chunked HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nA: 1\r\nB: 22\r\nC: 333\r\n\r\n",
      "\r\nGET /after-an-empty-line HTTP/1.1\r\nHost: a\r\n\r\n",
      "POST /empty HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  };
  std::string all;
  for (const std::string& request : requests) all += request;
  std::string expected = Ok("/get ") + Ok("/p 0123456789") + Ok("/chunked abcdeA: 1\nB: 22\nC: 333\n") +
                         Ok("/after-an-empty-line ") + Ok("/empty ");
  for (bool in_one_block : {false, true}) {
    for (size_t split = 0; split <= all.size(); ++split) {
      TestConnection connection;
      connection.in_one_block = in_one_block;
      Echo(connection);
      connection.Receive(all.substr(0, split));
      connection.Receive(all.substr(split));
      ASSERT_EQ(connection.TakeSent(), expected) << "split at " << split;
      ASSERT_TRUE(connection.codec().idle());
    }
    TestConnection connection;
    connection.in_one_block = in_one_block;
    Echo(connection);
    for (char byte : all) connection.Receive({&byte, 1});
    EXPECT_EQ(connection.TakeSent(), expected);
  }
}

TEST(ServerCodec, TakesTrailersInPiecesBeforeManyPipelinedRequests) {
  TestConnection connection;
  Echo(connection);
  connection.Receive("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: 1\r\nB");
  std::string rest = ": 2\r\n\r\n", responses = Ok("/ xA: 1\nB: 2\n");
  while (rest.size() < 16'300) {
    rest += Get("/next");
    responses += Ok("/next ");
  }
  connection.Receive(rest);
  EXPECT_EQ(connection.TakeSent(), responses);
}

TEST(ServerCodec, PassesABodyOnAsItComes) {
  TestConnection connection;
  connection.Receive("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
  TestRequest& request = connection.request(0);
  EXPECT_TRUE(request.body_follows);
  EXPECT_EQ(request.body, "abc");
  EXPECT_FALSE(request.ended);
  connection.Receive("def");
  EXPECT_EQ(request.body, "abcdef");
  EXPECT_TRUE(request.ended);
}

TEST(ServerCodec, WritesChunksAndTrailers) {
  TestConnection connection;
  connection.Receive(kGet);
  FieldList trailers;
  trailers.Add({.name_offset = 0, .value_offset = 3, .value_size = 1, .name_size = 1, .known = KnownField::kOther});
  trailers.set_base("T: 1");
  connection.Run([&] {
    TestRequest& request = connection.request(0);
    request.SendHead("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    request.SendData("hello");
    request.SendData(std::string(17, 'x'));
    request.stream().SendEnd(&trailers);
  });
  EXPECT_EQ(connection.TakeSent(), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n11\r\n" +
                                       std::string(17, 'x') + "\r\n0\r\nT: 1\r\n\r\n");
  EXPECT_TRUE(connection.codec().idle());
}

TEST(ServerCodec, EndsAStreamedResponseToHttp10WithTheConnection) {
  TestConnection connection;
  connection.Receive("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  connection.Run([&] {
    TestRequest& request = connection.request(0);
    request.SendHead("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    request.SendData("hello");
    request.SendEnd();
  });
  EXPECT_EQ(connection.TakeSent(), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello");
  EXPECT_TRUE(connection.closing);
}

TEST(ServerCodec, ChunksAResponseThatOnlyTheServersConnectionEnds) {
  TestConnection connection;
  connection.Receive(kGet);
  connection.Run([&] {
    TestRequest& request = connection.request(0);
    request.SendHead("HTTP/1.1 200 OK\r\n\r\n");
    request.SendData("hello");
    request.SendEnd();
  });
  EXPECT_EQ(connection.TakeSent(), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
  EXPECT_FALSE(connection.closing);
}

TEST(ServerCodec, KeepsTheConnectionBehindResponsesWithoutABody) {
  TestConnection connection;
  connection.Receive("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  connection.Run([&] {
    connection.request(0).SendHead("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    connection.request(0).SendEnd();
  });
  connection.Receive("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  connection.Run([&] {
    connection.request(1).SendHead("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    connection.request(1).SendEnd();
  });
  connection.Receive(kGet);
  connection.Run([&] {
    connection.request(2).SendHead("HTTP/1.1 204 No Content\r\n\r\n");
    connection.request(2).SendEnd();
  });
  connection.Receive(kGet);
  connection.Run([&] {
    connection.request(3).SendHead("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n");
    connection.request(3).SendEnd();
  });
  EXPECT_EQ(connection.TakeSent(),
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
            "HTTP/1.1 200 OK\r\n\r\n"
            "HTTP/1.1 204 No Content\r\n\r\n"
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n");
  EXPECT_TRUE(connection.codec().idle());
  EXPECT_FALSE(connection.closing);
}

TEST(ServerCodec, PassesInterimResponsesOnBeforeTheBody) {
  TestConnection connection;
  connection.Receive("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  connection.Run([&] { connection.request(0).SendHead("HTTP/1.1 100 Continue\r\n\r\n"); });
  EXPECT_EQ(connection.TakeSent(), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_THAT(connection.responses, IsEmpty());
  connection.Receive("ab");
  connection.Run([&] { connection.request(0).Respond("ok"); });
  EXPECT_EQ(connection.TakeSent(), kOk);
  EXPECT_FALSE(connection.closing);
}

TEST(ServerCodec, SendsNoInterimResponseToHttp10) {
  TestConnection connection;
  connection.Receive("GET / HTTP/1.0\r\n\r\n");
  connection.Run([&] { connection.request(0).SendHead("HTTP/1.1 103 Early Hints\r\n\r\n"); });
  EXPECT_EQ(connection.TakeSent(), "");
}

// RFC 9112 §9.3: unread bytes of a body would be taken for the next request.
TEST(ServerCodec, RefusesAMalformedHeadAndCloses) {
  TestConnection connection;
  connection.Receive(Get("/", "Content-Length: x\r\n") + Get("/smuggled"));
  EXPECT_THAT(connection.TakeSent(), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_TRUE(connection.closing);
  EXPECT_THAT(connection.refused, ElementsAre(400));
  ASSERT_EQ(connection.requests.size(), 1u);
  EXPECT_EQ(connection.request(0).path, "") << "no head was told";
  EXPECT_EQ(connection.request(0).error, ClientError::kMalformed);
}

TEST(ServerCodec, RefusesTheSecondOfTwoRequestsBehindTheAnswerToTheFirst) {
  TestConnection connection;
  connection.Receive(Get("/") + "BAD\r\n\r\n");
  EXPECT_EQ(connection.TakeSent(), "");
  connection.Run([&] { connection.request(0).Respond("ok"); });
  EXPECT_THAT(connection.TakeSent(), StartsWith(std::string(kOk) + "HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_TRUE(connection.closing);
}

TEST(ServerCodec, AnswersABodyThatBreaksItsFraming) {
  TestConnection connection;
  connection.Receive("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc");
  EXPECT_EQ(connection.request(0).body, "a");
  EXPECT_EQ(connection.request(0).error, ClientError::kMalformed);
  EXPECT_THAT(connection.TakeSent(), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_THAT(connection.refused, ElementsAre(400));
  EXPECT_TRUE(connection.closing);
}

TEST(ServerCodec, ResetsWhereABodyBreaksItsFramingWithinTheResponse) {
  TestConnection connection;
  connection.Receive("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
  connection.Run([&] { connection.request(0).SendHead("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"); });
  connection.Receive("xyz");
  EXPECT_EQ(connection.request(0).error, ClientError::kMalformed);
  EXPECT_TRUE(connection.reset);
  EXPECT_THAT(connection.TakeSent(), Not(HasSubstr("400")));
}

TEST(ServerCodec, ResetsForAResponseThatIsBrokenOff) {
  TestConnection connection;
  connection.Receive("GET / HTTP/1.0\r\n\r\n");
  connection.Run([&] { connection.request(0).SendHead("HTTP/1.1 200 OK\r\n\r\n"); });
  connection.Run([&] { connection.request(0).stream().Abort(); });
  EXPECT_TRUE(connection.reset);
  EXPECT_FALSE(connection.request(0).error.has_value());
}

TEST(ServerCodec, AnswersWithErrorsOfTheProxysOwnAndGoesOn) {
  TestConnection connection;
  connection.Receive(kGet);
  connection.Run([&] { connection.request(0).stream().SendError(503, "no eligible server", {}); });
  EXPECT_THAT(connection.TakeSent(), EndsWith("\r\n\r\n503 Service Unavailable: no eligible server\n"));
  EXPECT_TRUE(connection.codec().idle());
  connection.Receive("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  connection.Run([&] { connection.request(1).stream().SendError(503, "no eligible server", {}); });
  EXPECT_THAT(connection.TakeSent(), EndsWith("\r\n\r\n"));
  EXPECT_THAT(connection.responses, ElementsAre(503, 503));
}

TEST(ServerCodec, AnswersAClientThatHasClosedItsSide) {
  TestConnection connection;
  connection.Receive(Get("/1") + Get("/2"));
  connection.ReceiveEnd();
  EXPECT_FALSE(connection.kept_after_end.has_value()) << "the second request comes first";
  connection.Run([&] { connection.request(0).Respond("1"); });
  EXPECT_EQ(connection.kept_after_end, true);
  connection.Run([&] { connection.request(1).Respond("2"); });
  EXPECT_EQ(connection.TakeSent(), Ok("1") + "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n2");
  EXPECT_TRUE(connection.closing);
}

TEST(ServerCodec, ClosesBehindAResponseWhoseClientHasClosedItsSideMeanwhile) {
  TestConnection connection;
  connection.Receive(kGet);
  connection.Run([&] { connection.request(0).SendHead("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"); });
  connection.ReceiveEnd();
  EXPECT_EQ(connection.kept_after_end, true);
  connection.Run([&] {
    connection.request(0).SendData("ok");
    connection.request(0).SendEnd();
  });
  EXPECT_TRUE(connection.closing);
}

TEST(ServerCodec, EndsWithAClientThatClosesBetweenOrWithinRequests) {
  {
    TestConnection connection;
    connection.ReceiveEnd();
    EXPECT_EQ(connection.kept_after_end, false);
  }
  {
    TestConnection connection;
    connection.Receive("GET / HTTP/1.1\r\n");
    connection.ReceiveEnd();
    EXPECT_EQ(connection.kept_after_end, false);
    EXPECT_EQ(connection.request(0).error, ClientError::kDisconnected);
  }
  {
    TestConnection connection;
    connection.Receive("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na");
    connection.ReceiveEnd();
    EXPECT_EQ(connection.kept_after_end, false);
    EXPECT_EQ(connection.request(0).error, ClientError::kDisconnected);
    EXPECT_FALSE(connection.reset);
  }
}

TEST(ServerCodec, ResetsWhereTheClientEndsWithinItsBodyAndTheResponseHasBegun) {
  TestConnection connection;
  connection.Receive("POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\na");
  connection.Run([&] { connection.request(0).SendHead("HTTP/1.1 200 OK\r\n\r\n"); });
  connection.ReceiveEnd();
  EXPECT_EQ(connection.request(0).error, ClientError::kDisconnected);
  EXPECT_TRUE(connection.reset);
}

TEST(ServerCodec, TellsItsHandlerOfALostConnection) {
  TestConnection connection;
  connection.Receive(kGet);
  connection.Run([&] { connection.codec().ConnectionLost(ClientError::kDisconnected); });
  EXPECT_EQ(connection.request(0).error, ClientError::kDisconnected);
}

TEST(ServerCodec, SaysCloseWithTheNextResponseOnceItDrains) {
  TestConnection connection;
  connection.Receive(Get("/1") + Get("/2"));
  connection.Run([&] { connection.codec().Drain(); });
  connection.Run([&] { connection.request(0).Respond("1"); });
  EXPECT_EQ(connection.TakeSent(), "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n1");
  EXPECT_TRUE(connection.closing);
  EXPECT_EQ(connection.requests.size(), 1u);
}

TEST(ServerCodec, AnswersOneMoreRequestWhereKeepAliveWasPromisedBeforeItDrains) {
  TestConnection connection;
  connection.Receive(kGet);
  connection.Run([&] { connection.request(0).SendHead("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"); });
  connection.Run([&] { connection.codec().Drain(); });
  connection.Run([&] { connection.request(0).SendEnd(); });
  EXPECT_FALSE(connection.closing);
  EXPECT_TRUE(connection.codec().idle());
  connection.Receive(kGet);
  connection.Run([&] { connection.request(1).Respond("ok"); });
  EXPECT_THAT(connection.TakeSent(), EndsWith("Connection: close\r\n\r\nok"));
  EXPECT_TRUE(connection.closing);
}

TEST(ServerCodec, HoldsABodyBackForAsLongAsItsHandlerWants) {
  TestConnection connection;
  connection.on_begin = [](TestRequest& request) { request.on_data = [&request] { request.stream().PauseBody(); }; };
  connection.Receive("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n");
  TestRequest& request = connection.request(0);
  EXPECT_EQ(request.body, "a");
  EXPECT_FALSE(connection.receiving);
  connection.Run([&] { request.stream().ResumeBody(); });
  EXPECT_EQ(request.body, "ab");
  EXPECT_FALSE(request.ended);
  EXPECT_FALSE(connection.receiving);
  connection.Run([&] { request.stream().ResumeBody(); });
  EXPECT_TRUE(request.ended) << "though nothing more was received";
  EXPECT_TRUE(connection.receiving) << "to notice a client that leaves";
}

TEST(ServerCodec, HoldsABodyBackFromItsHeadOn) {
  TestConnection connection;
  connection.on_begin = [](TestRequest& request) { request.on_head = [&request] { request.stream().PauseBody(); }; };
  connection.Receive(Post("body"));
  TestRequest& request = connection.request(0);
  EXPECT_EQ(request.body, "");
  connection.Run([&] { request.stream().ResumeBody(); });
  EXPECT_EQ(request.body, "body");
  EXPECT_TRUE(request.ended);
}

TEST(ServerCodec, TellsTheEndOfABodyThatWasPausedWithItsLastByte) {
  TestConnection connection;
  connection.on_begin = [](TestRequest& request) { request.on_data = [&request] { request.stream().PauseBody(); }; };
  connection.Receive(Post("body"));
  EXPECT_TRUE(connection.request(0).ended);
  EXPECT_TRUE(connection.receiving) << "to notice a client that leaves";
}

// A pause that its exchange did not live to take back must not hold back the next request.
TEST(ServerCodec, ForgetsAPauseWithTheBodysEnd) {
  TestConnection connection;
  connection.on_begin = [](TestRequest& request) { request.on_data = [&request] { request.stream().PauseBody(); }; };
  connection.Receive(Post("body"));
  connection.Receive("GET /next HTTP/1.1\r\n");
  connection.Run([&] { connection.request(0).Respond("ok"); });
  EXPECT_TRUE(connection.receiving);
  connection.Receive("Host: a\r\n\r\n");
  EXPECT_EQ(connection.request(1).path, "/next");
}

TEST(ServerCodec, ReadsTheNextRequestBehindABodyThatWasPaused) {
  TestConnection connection;
  connection.on_begin = [](TestRequest& request) { request.on_data = [&request] { request.stream().PauseBody(); }; };
  connection.Receive("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n" +
                     Get("/next"));
  connection.ReceiveEnd();
  TestRequest& request = connection.request(0);
  EXPECT_FALSE(request.ended);
  connection.Run([&] { request.stream().ResumeBody(); });
  EXPECT_TRUE(request.ended);
  connection.Run([&] { request.Respond("ok"); });
  EXPECT_EQ(connection.request(1).path, "/next");
  EXPECT_EQ(connection.kept_after_end, true);
  connection.Run([&] { connection.request(1).Respond("ok"); });
  EXPECT_TRUE(connection.closing);
}

TEST(ServerCodec, TellsItsHandlerWhenTheClientHasRead) {
  TestConnection connection;
  connection.sending = false;
  connection.Receive(kGet);
  TestRequest& request = connection.request(0);
  connection.Run([&] {
    request.SendHead("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    request.SendData(std::string(50'000, 'x'));
  });
  EXPECT_GE(request.stream().unsent_bytes(), 50'000u);
  connection.Send(10'000);
  EXPECT_EQ(request.drained, 0);
  connection.Send(connection.unsent() - ServerCodecHost::kLowWatermark);
  EXPECT_EQ(request.drained, 1);
}

TEST(ServerCodec, TellsTheHandlerWhatARefusedRequestWasAnswered) {
  TestConnection head;
  head.Receive("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(head.request(0).refused_with, 400);
  EXPECT_EQ(head.request(0).error, ClientError::kMalformed);
  const std::string body = head.TakeSent();
  EXPECT_EQ(head.request(0).stream().ErrorBodySize(400, "no Host"), body.size() - body.find("\r\n\r\n") - 4);

  TestConnection begun;
  begun.Receive("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  begun.Run([&] { begun.request(0).SendHead("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"); });
  begun.Receive("zz\r\n");
  EXPECT_EQ(begun.request(0).refused_with, 0);
}

TEST(ServerCodec, TakesAHeadLargerThanABlock) {
  TestConnection connection;
  Echo(connection);
  connection.Receive(Get("/large", "X: " + std::string(40'000, 'x') + "\r\n") + Get("/next"));
  EXPECT_EQ(connection.TakeSent(), Ok("/large ") + Ok("/next "));
}

}  // namespace
}  // namespace fairlead::http::h1
