#include "dataplane/control/access_log_compiler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/control/test_support.h"

namespace fairlead::control {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

TEST(AccessLogCompiler, LogsReachTheWorkersCompiled) {
  CompiledState state(R"(
    listeners {
      id: "a" address: "127.0.0.1:0" http { route_table: "r" }
      access_log { format: "%{status} %{request_header.X-A}!" request_headers: "X-A" response_headers: "Server" }
    }
    listeners { id: "b" address: "127.0.0.1:0" http { route_table: "r" } access_log { off: true } }
    route_tables { id: "r" }
  )");
  const config::AccessLog& log = *state.snapshot().listeners[0]->access_log;
  ASSERT_EQ(log.pieces.size(), 2u);
  EXPECT_EQ(log.pieces[0].field, config::LogField::kStatus);
  EXPECT_EQ(log.pieces[1].field, config::LogField::kRequestHeader);
  EXPECT_EQ(log.tail, "!");
  EXPECT_THAT(log.request_headers, ElementsAre("x-a"));
  EXPECT_THAT(log.response_headers, ElementsAre("server"));
  EXPECT_EQ(state.snapshot().listeners[1]->access_log, nullptr);
}

TEST(AccessLogCompiler, SaysAllThatIsWrong) {
  CompiledState state(kSmallState);
  EXPECT_THAT(
      state.Try(ParseTransaction(
          R"(operations { upsert_listener { id: "a" address: "127.0.0.1:0" http { route_table: "main" } access_log {
          format: "%{client} %{host}" request_headers: "x y" request_headers: "" request_headers: "A"
          request_headers: "a" } } }
        operations { upsert_listener { id: "b" address: "127.0.0.1:0" http { route_table: "main" } access_log {
          off: true format: "%{response_header.server}" response_headers: "server:" } } }
        operations { upsert_listener { id: "c" address: "127.0.0.1:0" http { route_table: "main" } access_log {
          format: "%h \"%r\"" } } })")),
      UnorderedElementsAre(
          "INVALID_ARGUMENT listeners[\"a\"].access_log.format: unknown field \"host\"; known are time, type, "
          "listener, "
          "revision, route_table, virtual_host, rule, backend, server, server_address, attempts, reused, client, peer, "
          "method, "
          "authority, path, protocol, server_name, tls_version, tls_cipher, tls_resumed, tls_early_data, "
          "tls_client_subject, status, "
          "bytes_received, bytes_sent, request_head_us, "
          "request_body_us, queue_us, "
          "connect_us, response_head_us, response_body_us, total_us, request_id, user_agent, referer, decided_by, "
          "reason, "
          "detail, request_header.a",
          "INVALID_ARGUMENT listeners[\"a\"].access_log.request_headers[0]: "
          "not the name of a field (1 to 256 characters of a token): \"x y\"",
          "INVALID_ARGUMENT listeners[\"a\"].access_log.request_headers[1]: "
          "not the name of a field (1 to 256 characters of a token): \"\"",
          "ALREADY_EXISTS listeners[\"a\"].access_log.request_headers[3]: twice in this list: \"a\"",
          "INVALID_ARGUMENT listeners[\"b\"].access_log.response_headers[0]: "
          "not the name of a field (1 to 256 characters of a token): \"server:\"",
          "INVALID_ARGUMENT listeners[\"b\"].access_log.format: unknown field \"response_header.server\": "
          "name \"server\" in response_headers first; known are time, type, listener, revision, route_table, "
          "virtual_host, "
          "rule, backend, server, server_address, attempts, reused, client, peer, method, authority, path, protocol, "
          "server_name, tls_version, tls_cipher, tls_resumed, tls_early_data, tls_client_subject, "
          "status, "
          "bytes_received, bytes_sent, request_head_us, request_body_us, queue_us, connect_us, response_head_us, "
          "response_body_us, total_us, request_id, user_agent, referer, decided_by, reason, detail",
          "INVALID_ARGUMENT listeners[\"c\"].access_log.format: '%' is followed by neither '{' nor '%' at byte 0 of "
          "the "
          "format"));
}

}  // namespace
}  // namespace fairlead::control
