#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dataplane/http/head_edits.h"
#include "dataplane/http/message.h"

namespace fairlead::http::h1 {

// A whole response made by the proxy itself: plain text of one line, "503 Service Unavailable: no eligible server".
struct ErrorResponse {
  uint16_t status = 500;                   // 400 to 599
  std::string_view detail = {};            // what follows the colon; empty: no colon either
  Method request_method = Method::kOther;  // to HEAD no body is sent, only its length
  uint8_t client_minor_version = 1;
  bool keep_alive = false;            // said as in ResponseOptions
  std::string_view date = {};         // an IMF-fixdate; empty: no Date
  const FieldEdits* edits = nullptr;  // what they bring is added; null: nothing
};

// As in serializer.h: the room that Write may need, and the end of what was written. Text and fields must be free of CR
// and LF.
size_t MaxErrorResponseSize(const ErrorResponse& response);
char* WriteErrorResponse(const ErrorResponse& response, char* out);

}  // namespace fairlead::http::h1
