#include "dataplane/http/h1/error_response.h"

#include "dataplane/http/error_body.h"
#include "dataplane/http/h1/append.h"
#include "dataplane/http/reason_phrase.h"

namespace fairlead::http::h1 {
namespace {

// More than all that is written beside the caller's own texts and two reason phrases.
constexpr size_t kMaxFixedSize = 256;

}  // namespace

size_t MaxErrorResponseSize(const ErrorResponse& response) {
  return kMaxFixedSize + 2 * ReasonPhrase(response.status).size() + response.detail.size() + response.date.size() +
         (response.edits == nullptr ? 0 : response.edits->max_wire_size());
}

char* WriteErrorResponse(const ErrorResponse& response, char* out) {
  const std::string_view phrase = ReasonPhrase(response.status);

  out = Append(out, "HTTP/1.1 ");
  out = AppendDecimal(out, response.status);
  *out++ = ' ';
  out = Append(out, phrase);
  out = Append(out, "\r\nContent-Type: text/plain\r\nContent-Length: ");
  out = AppendDecimal(out, ErrorBodySize(response.status, response.detail));
  out = Append(out, "\r\n");
  if (!response.date.empty()) out = AppendField(out, "Date", response.date);
  if (response.edits != nullptr) {
    response.edits->ForEachWritten(
        [&](std::string_view name, std::string_view value) { out = AppendField(out, name, value); });
  }
  if (!response.keep_alive) {
    out = Append(out, "Connection: close\r\n");
  } else if (response.client_minor_version == 0) {
    out = Append(out, "Connection: keep-alive\r\n");
  }
  out = Append(out, "\r\n");
  if (response.request_method == Method::kHead) return out;
  return WriteErrorBody(response.status, response.detail, out);
}

}  // namespace fairlead::http::h1
