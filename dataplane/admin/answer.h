#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "dataplane/admin/page.h"
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

// Answers each request, on the thread of the server that it belongs to.
using Answerer = absl::AnyInvocable<Answer(const http::RequestHead& request)>;

}  // namespace fairlead::admin
