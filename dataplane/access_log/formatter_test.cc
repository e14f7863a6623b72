#include "dataplane/access_log/formatter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "dataplane/access_log/format_parser.h"
#include "dataplane/access_log/formatter_test_support.h"

namespace fairlead::access_log {
namespace {

using ::testing::EndsWith;
using testing::ExampleEntry;
using testing::Fields;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string Line(const config::AccessLog& log, const Entry& entry) {
  const auto out = std::make_unique<char[]>(kMaxLineBytes);
  Formatter formatter;
  char* const end = formatter.Format(log, entry, out.get());
  EXPECT_LE(end - out.get(), static_cast<ptrdiff_t>(kMaxLineBytes));
  const std::string line(out.get(), end);
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_THAT(line, EndsWith("\n"));
  return line;
}

std::string Text(std::string_view format, const Entry& entry, config::AccessLog log = {}) {
  EXPECT_EQ(ParseFormat(format, &log), "");
  std::string line = Line(log, entry);
  line.pop_back();
  return line;
}

TEST(Formatter, TellsAllOfARequestInJson) {
  const ExampleEntry example;
  EXPECT_EQ(
      Line({}, example.entry),
      R"({"time":"2025-11-26T07:00:31.000123Z","type":"http","listener":"web","revision":42,)"
      R"("route_table":"main","virtual_host":"all","rule":"api","backend":"blue","server":"w1",)"
      R"("server_address":"[2001:db8::1]:8080","attempts":2,"reused":true,"client":"192.0.2.7:51234",)"
      R"("peer":"192.0.2.7:51234","method":"GET","authority":"www.example.org",)"
      R"("path":"/api/v1/items?limit=10&offset=20","protocol":"HTTP/1.1",)"
      R"("server_name":null,"tls_version":null,"tls_cipher":null,"tls_resumed":null,"tls_early_data":null,"tls_client_subject":null,"status":200,"bytes_received":0,"bytes_sent":5120,"request_head_us":12,"request_body_us":0,"queue_us":3,"connect_us":250,)"
      R"("response_head_us":1834,"response_body_us":95,"total_us":2194,)"
      R"("request_id":"8f14e45f-ceea-467f-a83b-8d2a0f1c2b3d",)"
      R"-("user_agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)",)-"
      R"("referer":"https://www.example.org/start","decided_by":"server","reason":null,"detail":null})"
      "\n");
}

TEST(Formatter, SaysNullOfWhatThereWasNot) {
  Entry entry;
  entry.decided_by = "client";
  entry.reason = "client_disconnected";
  EXPECT_EQ(
      Line({}, entry),
      R"({"time":"1970-01-01T00:00:00.000000Z","type":"http","listener":null,"revision":0,"route_table":null,)"
      R"("virtual_host":null,"rule":null,"backend":null,"server":null,"server_address":null,"attempts":0,)"
      R"("reused":null,"client":null,"peer":null,"method":null,"authority":null,"path":null,"protocol":null,)"
      R"("server_name":null,"tls_version":null,"tls_cipher":null,"tls_resumed":null,"tls_early_data":null,"tls_client_subject":null,"status":null,"bytes_received":null,"bytes_sent":null,"request_head_us":null,"request_body_us":null,)"
      R"("queue_us":null,"connect_us":null,"response_head_us":null,"response_body_us":null,"total_us":null,)"
      R"("request_id":null,"user_agent":null,"referer":null,"decided_by":"client",)"
      R"("reason":"client_disconnected","detail":null})"
      "\n");
}

TEST(Formatter, LeavesOutOfConnectionsWhatIsOfRequests) {
  ExampleEntry example;
  example.entry.is_http = false;
  EXPECT_EQ(
      Line({}, example.entry),
      R"({"time":"2025-11-26T07:00:31.000123Z","type":"tcp","listener":"web","revision":42,"backend":"blue",)"
      R"("server":"w1","server_address":"[2001:db8::1]:8080","attempts":2,"client":"192.0.2.7:51234",)"
      R"("peer":"192.0.2.7:51234","server_name":null,"tls_version":null,"tls_cipher":null,"tls_resumed":null,"tls_client_subject":null,"bytes_received":0,"bytes_sent":5120,"queue_us":3,)"
      R"("connect_us":250,"total_us":2194,"decided_by":"server","reason":null,"detail":null})"
      "\n");
}

TEST(Formatter, FollowsAFormat) {
  const ExampleEntry example;
  EXPECT_EQ(Text("%{client} [%{time}] \"%{method} %{path}\" %{status} %{reason} 100%%", example.entry),
            "192.0.2.7:51234 [2025-11-26T07:00:31.000123Z] \"GET /api/v1/items?limit=10&offset=20\" 200 - 100%");
  EXPECT_EQ(Text("only text", example.entry), "only text");
}

TEST(Formatter, TellsOfEarlyDataWhereThereIsTls) {
  ExampleEntry example;
  EXPECT_EQ(Text("%{tls_early_data}", example.entry), "-");
  example.entry.tls_version = "TLSv1.3";
  EXPECT_EQ(Text("%{tls_early_data}", example.entry), "false");
  example.entry.tls_early_data = true;
  EXPECT_EQ(Text("%{tls_early_data}", example.entry), "true");
  EXPECT_THAT(Line({}, example.entry), HasSubstr(R"("tls_resumed":false,"tls_early_data":true,)"));
}

TEST(Formatter, LetsNobodyForgeALine) {
  ExampleEntry example;
  example.entry.path = "/\"} \r\n{\"status\":200}\x1b[2J";
  example.entry.authority = "a\"b\\c\xff\u202e";
  EXPECT_THAT(Line({}, example.entry), HasSubstr(R"("path":"/\"} \u000d\u000a{\"status\":200}\u001b[2J",)"));
  EXPECT_THAT(Line({}, example.entry), HasSubstr(R"("authority":"a\"b\\c\\xff\u202e",)"));
  EXPECT_EQ(Text("\"%{path}\" %{authority}", example.entry),
            R"("/\x22} \x0d\x0a{\x22status\x22:200}\x1b[2J" a\x22b\x5cc\xff\xe2\x80\xae)");
}

TEST(Formatter, TellsOfHeadersOnlyThoseThatAreNamed) {
  ExampleEntry example;
  EXPECT_THAT(Line({}, example.entry), Not(HasSubstr("c2VjcmV0")));
  example.request_fields.Add("X-Trace", "one");
  example.request_fields.Add("x-trace", "t\"wo");
  const Fields response{{"Server", "nginx"}, {"Set-Cookie", "secret=1"}};
  example.entry.response_fields = response.list();
  config::AccessLog log;
  log.request_headers = {"x-trace", "x-none", "authorization"};
  log.response_headers = {"server"};
  EXPECT_THAT(Line(log, example.entry),
              EndsWith(R"(,"detail":null,"request_header.x-trace":"one, t\"wo","request_header.x-none":null,)"
                       R"("request_header.authorization":"Basic c2VjcmV0","response_header.server":"nginx"})"
                       "\n"));
  EXPECT_EQ(Text("%{request_header.x-trace}|%{request_header.x-none}|%{response_header.server}", example.entry, log),
            "one, t\\x22wo|-|nginx");
}

TEST(Formatter, ALineEndsWhateverItIsMadeOf) {
  ExampleEntry example;
  const std::string hostile(100'000, '\x01');
  example.entry.path = example.entry.authority = example.entry.method = example.entry.detail = hostile;
  config::AccessLog log;
  for (int i = 0; i < 32; ++i) {
    log.request_headers.push_back("x-" + std::to_string(i) + std::string(250, 'n'));
    log.response_headers.push_back(log.request_headers.back());
    for (int j = 0; j < 3; ++j) example.request_fields.Add(log.request_headers.back(), hostile);
  }
  example.entry.request_fields = example.entry.response_fields = example.request_fields.list();
  const std::string line = Line(log, example.entry);
  EXPECT_THAT(line, EndsWith("\u2026\"}\n")) << "JSON is whole";
  EXPECT_THAT(line, HasSubstr("\u2026\",\"protocol\":\"HTTP/1.1\"")) << "texts are cut, not the line";

  std::string format;
  for (size_t i = 0; i < kMaxFormatFields; ++i) format += "%{path}";
  EXPECT_THAT(Text(format, example.entry), EndsWith("\u2026"));
}

TEST(Formatter, TimesFollowTheCalendar) {
  ExampleEntry example;
  config::AccessLog log;
  ASSERT_EQ(ParseFormat("%{time}", &log), "");
  const auto out = std::make_unique<char[]>(kMaxLineBytes);
  Formatter formatter;
  const auto at = [&](uint64_t time_us) {
    example.entry.time_us = time_us;
    return std::string(out.get(), formatter.Format(log, example.entry, out.get()) - 1);
  };
  EXPECT_EQ(at(951'827'696'999'999), "2000-02-29T12:34:56.999999Z");
  EXPECT_EQ(at(951'827'697'000'000), "2000-02-29T12:34:57.000000Z");
  EXPECT_EQ(at(951'827'696'000'001), "2000-02-29T12:34:56.000001Z");
  EXPECT_EQ(at(4'102'444'799'000'010), "2099-12-31T23:59:59.000010Z");
}

}  // namespace
}  // namespace fairlead::access_log
