#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "dataplane/base/utf8.h"
#include "dataplane/http/h1/response_parser.h"
#include "dataplane/http/head_limits.h"
#include "prober/attempt.h"
#include "prober/check_settings.h"
#include "prober/http_attempt.h"

namespace fairlead::prober {
namespace {

HttpSettings MakeSettings() {
  v1::ProberConfig config;
  v1::HttpCheck& check = *config.mutable_defaults()->mutable_http();
  check.add_status("200-299");
  check.set_body_contains("ready");
  check.set_body_regex("r.*y");
  v1::HeaderMatch& match = *check.add_response_headers();
  match.set_name("X-State");
  match.set_regex("open|half");
  check.add_response_headers()->set_name("Date");
  const absl::StatusOr<CheckPlan> plan = CheckPlan::Compile(config);
  if (!plan.ok()) std::abort();
  return std::get<HttpSettings>(plan->Of("")->kind);
}

}  // namespace

// A response. Whatever it is, what is wrong with it can be reported, and nothing is right without what is wanted.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const HttpSettings settings = MakeSettings();
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  constexpr http::HeadLimits kLimits{};
  http::h1::ResponseParser parser(&kLimits);
  http::ResponseHead head;
  const http::h1::ParseResult result = parser.Parse(input, http::Method::kGet, &head);
  if (result.outcome != http::h1::ParseResult::Outcome::kDone) return 0;
  const std::string_view body = input.substr(result.head_size);
  const std::string of_head = FaultOfHead(head, settings);
  const std::string of_body = FaultOfBody(body, settings);
  if (of_head.empty() && (head.status < 200 || head.status > 299 || head.fields.size() < 2)) std::abort();
  if (of_body.empty() && body.find("ready") == std::string_view::npos) std::abort();
  const std::string reason = Printable(of_head + of_body);
  if (reason.size() > kMaxReason || !base::IsValidUtf8(reason)) std::abort();
  return 0;
}

}  // namespace fairlead::prober
