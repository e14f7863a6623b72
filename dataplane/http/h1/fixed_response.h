#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dataplane/http/head_edits.h"
#include "dataplane/http/message.h"

namespace fairlead::http::h1 {

// The head of a response that the proxy makes itself, whose body is there already.
struct FixedResponse {
  uint16_t status = 200;  // 200 to 599
  uint64_t body_size = 0;
  Method request_method = Method::kOther;
  uint8_t client_minor_version = 1;
  bool keep_alive = false;            // said as in ResponseOptions
  std::string_view date = {};         // an IMF-fixdate; empty: no Date
  const FieldEdits* edits = nullptr;  // what they bring is added; never null
};

// Whether the body follows the head.
bool HasBody(const FixedResponse& response);

// As in serializer.h: the room that Write may need, and the end of what was written. Text and fields must be free of CR
// and LF. A response to HEAD announces the body that GET would get; 204 and 304 announce none (RFC 9110 §8.6).
size_t MaxFixedHeadSize(const FixedResponse& response);
char* WriteFixedHead(const FixedResponse& response, char* out);

}  // namespace fairlead::http::h1
