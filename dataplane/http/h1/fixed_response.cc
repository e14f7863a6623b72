#include "dataplane/http/h1/fixed_response.h"

#include "dataplane/http/h1/append.h"
#include "dataplane/http/reason_phrase.h"

namespace fairlead::http::h1 {
namespace {

// More than all that is written beside the reason phrase, the date and the fields.
constexpr size_t kMaxFixedSize = 128;

}  // namespace

bool HasBody(const FixedResponse& response) { return !NeverHasBody(response.request_method, response.status); }

size_t MaxFixedHeadSize(const FixedResponse& response) {
  return kMaxFixedSize + ReasonPhrase(response.status).size() + response.date.size() + response.edits->max_wire_size();
}

char* WriteFixedHead(const FixedResponse& response, char* out) {
  out = Append(out, "HTTP/1.1 ");
  out = AppendDecimal(out, response.status);
  *out++ = ' ';
  out = Append(out, ReasonPhrase(response.status));
  out = Append(out, "\r\n");
  response.edits->ForEachWritten(
      [&](std::string_view name, std::string_view value) { out = AppendField(out, name, value); });
  if (!response.date.empty() && !response.edits->Drops("Date")) out = AppendField(out, "Date", response.date);
  if (response.status != 204 && response.status != 304) {
    out = Append(out, "Content-Length: ");
    out = AppendDecimal(out, response.body_size);
    out = Append(out, "\r\n");
  }
  if (!response.keep_alive) {
    out = Append(out, "Connection: close\r\n");
  } else if (response.client_minor_version == 0) {
    out = Append(out, "Connection: keep-alive\r\n");
  }
  return Append(out, "\r\n");
}

}  // namespace fairlead::http::h1
