#include "prober/http_attempt.h"

#include <gtest/gtest.h>

#include <string>

#include "api/yaml/yaml.h"
#include "dataplane/http/h1/response_parser.h"
#include "dataplane/http/head_limits.h"

namespace fairlead::prober {
namespace {

// What is wrong with a response, by a check's settings in YAML.
std::string Fault(const std::string& yaml, std::string_view response) {
  v1::ProberConfig config;
  EXPECT_TRUE(api::ParseYaml(yaml, {}, config.mutable_defaults()->mutable_http()).ok());
  const absl::StatusOr<CheckPlan> plan = CheckPlan::Compile(config);
  EXPECT_TRUE(plan.ok()) << plan.status();
  const auto& settings = std::get<HttpSettings>(plan->Of("web")->kind);
  constexpr http::HeadLimits kLimits{};
  http::h1::ResponseParser parser(&kLimits);
  http::ResponseHead head;
  const auto result = parser.Parse(response, http::Method::kGet, &head);
  EXPECT_EQ(result.outcome, http::h1::ParseResult::Outcome::kDone);
  const std::string fault = FaultOfHead(head, settings);
  return fault.empty() ? FaultOfBody(response.substr(result.head_size), settings) : fault;
}

constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nX-State: open\r\nX-Other: a\r\nX-Other: b\r\n\r\nall ready\n";

TEST(HttpCheck, StatusesFrom200To399AreRightByDefault) {
  EXPECT_EQ(Fault("{}", kAnswer), "");
  EXPECT_EQ(Fault("{}", "HTTP/1.1 302 Found\r\n\r\n"), "");
  EXPECT_EQ(Fault("{}", "HTTP/1.1 404 Not Found\r\n\r\n"), "HTTP 404, 200-399 wanted");
  EXPECT_EQ(Fault("{}", "HTTP/1.1 503 No\r\n\r\n"), "HTTP 503, 200-399 wanted");
}

TEST(HttpCheck, StatusesAreThoseThatAreNamed) {
  EXPECT_EQ(Fault("status: ['204', '400-404']", "HTTP/1.1 404 Not Found\r\n\r\n"), "");
  EXPECT_EQ(Fault("status: ['204', '400-404']", "HTTP/1.1 204 No\r\n\r\n"), "");
  EXPECT_EQ(Fault("status: ['204', '400-404']", kAnswer), "HTTP 200, 204, 400-404 wanted");
}

TEST(HttpCheck, FieldsMustBeAsWanted) {
  EXPECT_EQ(Fault("response_headers: [{name: x-state, exact: open}]", kAnswer), "");
  EXPECT_EQ(Fault("response_headers: [{name: x-state, exact: shut}]", kAnswer),
            "HTTP 200, field x-state: \"shut\" wanted");
  EXPECT_EQ(Fault("response_headers: [{name: X-OTHER, exact: b}]", kAnswer), "") << "one of several";
  EXPECT_EQ(Fault("response_headers: [{name: x-state, prefix: op}]", kAnswer), "");
  EXPECT_EQ(Fault("response_headers: [{name: x-state, prefix: pe}]", kAnswer),
            "HTTP 200, field x-state: \"pe…\" wanted");
  EXPECT_EQ(Fault("response_headers: [{name: x-state, regex: 'o.*n'}]", kAnswer), "");
  EXPECT_EQ(Fault("response_headers: [{name: x-state, regex: 'pe'}]", kAnswer),
            "HTTP 200, field x-state: what matches pe wanted");
  EXPECT_EQ(Fault("response_headers: [{name: date}]", kAnswer), "HTTP 200, field date: wanted");
  EXPECT_EQ(Fault("response_headers: [{name: date, absent: true}]", kAnswer), "");
  EXPECT_EQ(Fault("response_headers: [{name: x-state, absent: true}]", kAnswer), "HTTP 200, field x-state: not wanted");
}

TEST(HttpCheck, BodiesMustHoldWhatIsWanted) {
  EXPECT_EQ(Fault("body_contains: ready", kAnswer), "");
  EXPECT_EQ(Fault("body_contains: Ready", kAnswer), "body: \"Ready\" wanted");
  EXPECT_EQ(Fault("body_regex: 'r.a'", kAnswer), "");
  EXPECT_EQ(Fault("body_regex: '^r.a'", kAnswer), "body: what matches ^r.a wanted") << "of the whole body";
  EXPECT_EQ(Fault("body_regex: 'x|y'", kAnswer), "") << "the pattern stands in a group of its own";
}

}  // namespace
}  // namespace fairlead::prober
