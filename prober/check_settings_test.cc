#include "prober/check_settings.h"

#include <gtest/gtest.h>

#include <string>

#include "api/yaml/yaml.h"

namespace fairlead::prober {
namespace {

absl::StatusOr<CheckPlan> Compile(const std::string& yaml) {
  v1::ProberConfig config;
  const absl::Status parsed = api::ParseYaml(yaml, {.file_name = "", .base_directory = "."}, &config);
  if (!parsed.ok()) return parsed;
  return CheckPlan::Compile(config);
}

std::string Faults(const std::string& yaml) {
  const absl::StatusOr<CheckPlan> plan = Compile(yaml);
  return plan.ok() ? "" : std::string(plan.status().message());
}

TEST(CheckPlan, IsTcpWithoutAFile) {
  const CheckPlan plan = CheckPlan::Default();
  const CheckSettings& check = *plan.Of("web");
  EXPECT_EQ(check.kind_name(), "tcp");
  EXPECT_EQ(check.interval_ms, 5'000u);
  EXPECT_EQ(check.timeout_ms, 1'000u);
  EXPECT_EQ(check.retry_interval_ms, 1'000u);
  EXPECT_EQ(check.ttl_ms, 20'700u) << "two intervals, and what a decision takes";
  EXPECT_EQ(check.rise, 2u);
  EXPECT_EQ(check.fall, 3u);
}

TEST(CheckPlan, DefaultsFollowTheInterval) {
  const auto plan = Compile("defaults: {interval: 500ms}");
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->Of("web")->timeout_ms, 500u);
  EXPECT_EQ(plan->Of("web")->retry_interval_ms, 100u);
  EXPECT_EQ(plan->Of("web")->ttl_ms, 3'270u);
}

TEST(CheckPlan, WhatABackendSaysGoesBeforeTheDefaults) {
  const auto plan = Compile(R"(
defaults: {interval: 2500ms, fall: 5, http: {path: /x, body_contains: ready}}
backends:
  - {id: mail, check: {interval: 1s, tcp: {}}}
  - {id: shop, check: {http: {path: /y}}}
  - {id: none, skip: true}
)");
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->Of("web")->interval_ms, 2'500u);
  EXPECT_EQ(plan->Of("mail")->interval_ms, 1'000u) << "not 1 s and the half second of the defaults";
  EXPECT_EQ(plan->Of("mail")->kind_name(), "tcp");
  EXPECT_EQ(plan->Of("mail")->fall, 5u);
  EXPECT_FALSE(std::get<HttpSettings>(plan->Of("shop")->kind).wants_body()) << "a kind as a whole";
  EXPECT_EQ(plan->Of("none"), nullptr);
}

TEST(CheckPlan, RequestsAreWritten) {
  const auto plan = Compile(R"(
defaults: {http: {method: POST, path: "/a?b", host: shop, headers: [{name: X-A, value: b}, {name: user-agent, value: me}]}}
)");
  ASSERT_TRUE(plan.ok()) << plan.status();
  const auto& http = std::get<HttpSettings>(plan->Of("web")->kind);
  EXPECT_EQ(http.before_host + http.host + http.after_host,
            "POST /a?b HTTP/1.1\r\nHost: shop\r\nX-A: b\r\nuser-agent: me\r\nConnection: close\r\n\r\n");
}

TEST(CheckPlan, EveryFaultIsToldByItsPath) {
  EXPECT_EQ(Faults(R"(
defaults: {interval: 5ms, timeout: 2s, rise: 101, port: 70000, ttl: 10h, http: {status: ["99", "300-200"], path: x}}
backends: [{id: a, skip: true, check: {fall: 3}}, {id: a}, {skip: true}]
)"),
            "defaults.interval: want 10ms to 3600s, not 5ms\n"
            "defaults.timeout: want 1ms to 5ms, not 2s\n"
            "defaults.rise: want 1 to 100, not 101\n"
            "defaults.port: want 1 to 65535, not 70000\n"
            "defaults.http.path: want \"/\" and visible characters of ASCII, not \"x\"\n"
            "defaults.http: no request: the target is neither a path nor an http or https URI\n"
            "defaults.http.status[0]: want a status code or a range (\"204\", \"200-399\"), not \"99\"\n"
            "defaults.http.status[1]: want a status code or a range (\"204\", \"200-399\"), not \"300-200\"\n"
            "backends[\"a\"]: a check, or skip, not both\n"
            "backends[\"a\"]: given twice\n"
            "backends[2].id: required");
}

TEST(CheckPlan, AReportOutlivesTheNextCheck) {
  EXPECT_EQ(Faults("defaults: {interval: 10s, timeout: 2s, ttl: 12s}"), "defaults.ttl: want 13s to 86400s, not 12s");
  EXPECT_EQ(Faults("defaults: {interval: 10s, timeout: 2s, ttl: 13s}"), "");
}

TEST(CheckPlan, RequestsThatWouldBeTwoAreNone) {
  EXPECT_NE(Faults(R"(defaults: {http: {path: "/ HTTP/1.1\r\nX: y"}})"), "");
  EXPECT_NE(Faults(R"(defaults: {http: {path: "/ x"}})"), "");
  EXPECT_NE(Faults(R"(defaults: {http: {host: "a\r\nX: y"}})"), "");
  EXPECT_NE(Faults(R"(defaults: {http: {headers: [{name: "A", value: "b\r\nX: y"}]}})"), "");
  EXPECT_NE(Faults(R"(defaults: {http: {headers: [{name: "A: b\r\nX", value: "y"}]}})"), "");
  EXPECT_NE(Faults(R"(defaults: {http: {headers: [{name: "A\r\n\r\nGET", value: "y"}]}})"), "");
  EXPECT_NE(Faults(R"(defaults: {http: {headers: [{name: "Content-Length", value: "3"}]}})"), "");
  EXPECT_NE(Faults(R"(defaults: {http: {headers: [{name: "Host", value: "a"}]}})"), "");
  EXPECT_NE(Faults(R"(defaults: {http: {headers: [{name: "Expect", value: "100-continue"}]}})"), "");
  EXPECT_NE(Faults(R"(defaults: {http: {method: "GET /x HTTP/1.1\r\nA: b\r\n\r\nGET"}})"), "");
  EXPECT_NE(Faults("defaults: {http: {method: CONNECT}}"), "");
}

TEST(CheckPlan, TlsNeedsANameToVerify) {
  EXPECT_EQ(Faults("defaults: {tls: {}}"), "defaults.tls.server_name: required, unless insecure_skip_verify");
  EXPECT_EQ(Faults("defaults: {tls: {insecure_skip_verify: true}}"), "");
  EXPECT_NE(Faults("defaults: {tls: {server_name: a, ca: {inline_string: none}}}"), "");
  EXPECT_NE(Faults("defaults: {tls: {insecure_skip_verify: true, key: {inline_string: none}}}"), "");
  EXPECT_EQ(Faults("defaults: {tls: {insecure_skip_verify: true}, command: {argv: [x]}}"),
            "defaults.tls: a command speaks for itself");
}

TEST(CheckPlan, CommandsHaveAProgram) {
  EXPECT_EQ(Faults("defaults: {command: {}}"), "defaults.command.argv: want a program, and its arguments");
  EXPECT_EQ(Faults("defaults: {command: {argv: [/bin/true]}}"), "");
}

}  // namespace
}  // namespace fairlead::prober
