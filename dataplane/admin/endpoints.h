#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "dataplane/admin/page.h"
#include "dataplane/admin/status.h"
#include "dataplane/http/message.h"

namespace fairlead::admin {

// What is answered to one request, before it is put into HTTP's words.
struct Answer {
  uint16_t status = 200;
  // Of an error: what is wrong, on one line.
  std::string detail;
  // Of a 200: what the body is, and all of it: `text`, or where it may be long, `page`.
  std::string_view content_type;
  std::string_view text;
  std::unique_ptr<Page> page;
};

// The methods that are answered, as the field Allow says it (RFC 9110 §10.2.1).
constexpr std::string_view kAllowedMethods = "GET, HEAD";

// Answers a request:
//
//   /live      200: the control thread turns
//   /ready     200, or 503 and why not (WhyNotReady)
//   /metrics   MetricsPage
//   /status    StatusPage
//
// 404 for another path, 405 for another method, 400 for a request with a body. A query is ignored. `source` is asked
// only where the answer needs it.
Answer MakeAnswer(const http::RequestHead& request, StatusSource* source);

}  // namespace fairlead::admin
