#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "dataplane/http/h1/server_codec.h"
#include "dataplane/http/h1/test_connection.h"

namespace fairlead::http::h1 {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

TEST(ServerCodecLimits, AnswersAHeadThatTakesTooLong) {
  TestConnection connection;
  connection.Receive("GET / HT");
  EXPECT_TRUE(connection.codec().receiving_head());
  connection.Run([&] { connection.codec().RequestTimeout("too late"); });
  EXPECT_THAT(connection.TakeSent(), StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
  EXPECT_TRUE(connection.closing);
  EXPECT_EQ(connection.request(0).error, ClientError::kMalformed);
}

TEST(ServerCodecLimits, AnswersABodyThatTakesTooLong) {
  TestConnection connection;
  connection.Receive("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
  EXPECT_TRUE(connection.codec().awaiting_body());
  connection.Run([&] { connection.codec().RequestTimeout("too slow"); });
  EXPECT_THAT(connection.TakeSent(), StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
  EXPECT_TRUE(connection.closing);
  EXPECT_EQ(connection.request(0).error, ClientError::kMalformed);
}

TEST(ServerCodecLimits, CutsABodyThatTakesTooLongBehindAResponse) {
  TestConnection connection;
  connection.Receive("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
  connection.Run([&] { connection.request(0).SendHead("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"); });
  connection.TakeSent();
  connection.Run([&] { connection.codec().RequestTimeout("too slow"); });
  EXPECT_EQ(connection.TakeSent(), "") << "there is one answer already";
  EXPECT_TRUE(connection.reset);
}

TEST(ServerCodecLimits, AwaitsNoBodyThatItsHandlerHoldsBack) {
  TestConnection connection;
  connection.Receive("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
  connection.Run([&] { connection.request(0).stream().PauseBody(); });
  EXPECT_FALSE(connection.codec().awaiting_body());
}

TEST(ServerCodecLimits, NamesTheLimitThatARequestExceeds) {
  struct {
    std::string request;
    RequestLimit limit;
    std::string status;
  } const cases[] = {
      {"GET /" + std::string(64, 'a') + " HTTP/1.1\r\n", RequestLimit::kUriBytes, "414"},
      {"GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(1000, 'a'), RequestLimit::kHeaderBytes, "431"},
      {"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\nA: b\r\n\r\n", RequestLimit::kHeaderCount, "431"},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: " + std::string(9000, 'a'),
       RequestLimit::kTrailers, "431"},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(2000, 'a'),
       RequestLimit::kChunkExtensionBytes, "400"},
      {"GET / HTTP/1.1\r\n\r\n", RequestLimit::kNone, "400"},
  };
  for (const auto& [request, limit, status] : cases) {
    TestConnection connection({.max_head_bytes = 1000, .max_target_bytes = 64, .max_fields = 2});
    connection.Receive(request);
    EXPECT_THAT(connection.limits_reached, ElementsAre(limit)) << request;
    EXPECT_THAT(connection.TakeSent(), StartsWith("HTTP/1.1 " + status + " ")) << request;
  }
}

TEST(ServerCodecLimits, RefusesHeadsBeyondTheListenersLimits) {
  TestConnection connection({.max_head_bytes = 100});
  connection.Receive("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(100, 'x') + "\r\n\r\n");
  EXPECT_THAT(connection.TakeSent(), StartsWith("HTTP/1.1 431 "));
  EXPECT_TRUE(connection.closing);
}

}  // namespace
}  // namespace fairlead::http::h1
