#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "dataplane/http/h1/server_codec.h"
#include "dataplane/http/h1/test_connection.h"

namespace fairlead::http::h1 {
namespace {

using ::testing::HasSubstr;

std::string Get(std::string_view path) { return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n"; }

TEST(ServerCodecEarlyAnswer, DropsTheRestOfARequestThatWasAnsweredEarlyAndTakesTheNext) {
  TestConnection connection;
  connection.Receive("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
  connection.Run([&] { connection.request(0).Respond("no"); });
  EXPECT_EQ(connection.TakeSent(), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno");
  EXPECT_FALSE(connection.codec().idle());
  connection.Receive("def" + Get("/next"));
  ASSERT_EQ(connection.requests.size(), 2u);
  EXPECT_EQ(connection.request(1).path, "/next");
  EXPECT_FALSE(connection.closing);
}

TEST(ServerCodecEarlyAnswer, ClosesWhereMuchIsLeftOfARequestThatWasAnsweredEarly) {
  TestConnection connection;
  connection.Receive("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\nabc");
  connection.Run([&] { connection.request(0).Respond("no"); });
  for (int i = 0; i < 100 && !connection.closing; ++i) connection.Receive(std::string(8'000, 'x'));
  EXPECT_TRUE(connection.closing);
  EXPECT_EQ(connection.requests.size(), 1u);
}

TEST(ServerCodecEarlyAnswer, ClosesWhereTheRestOfARequestThatWasAnsweredEarlyIsMalformedOrLate) {
  for (bool late : {false, true}) {
    TestConnection connection;
    connection.Receive("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na");
    connection.Run([&] { connection.request(0).Respond("no"); });
    EXPECT_EQ(connection.TakeSent(), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno");
    ASSERT_TRUE(connection.codec().receiving_head());
    if (late) {
      connection.Run([&] { connection.codec().RequestTimeout("late"); });
    } else {
      connection.Receive("b" + Get("/smuggled"));
    }
    EXPECT_TRUE(connection.closing);
    EXPECT_EQ(connection.TakeSent(), "") << "there is one answer already";
    EXPECT_EQ(connection.requests.size(), 1u);
  }
}

TEST(ServerCodecEarlyAnswer, ClosesBehindAnErrorThatCameBeforeTheRequestsEnd) {
  TestConnection connection;
  connection.Receive("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc");
  connection.Run([&] {
    connection.request(0).SendHead("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
    connection.request(0).SendEnd();
  });
  EXPECT_THAT(connection.TakeSent(), HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(connection.closing);
}

TEST(ServerCodecEarlyAnswer, KeepsTheConnectionWhereTheRequestEndedBehindTheResponsesHead) {
  TestConnection connection;
  connection.Receive("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na");
  connection.Run([&] { connection.request(0).SendHead("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"); });
  connection.Receive("bc" + Get("/next"));
  connection.Run([&] {
    connection.request(0).SendData("ok");
    connection.request(0).SendEnd();
  });
  EXPECT_EQ(connection.TakeSent(), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_FALSE(connection.closing);
  EXPECT_EQ(connection.requests.size(), 2u);
}

}  // namespace
}  // namespace fairlead::http::h1
