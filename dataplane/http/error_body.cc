#include "dataplane/http/error_body.h"

#include <algorithm>
#include <charconv>

#include "dataplane/http/reason_phrase.h"

namespace fairlead::http {
namespace {

constexpr std::string_view kSeparator = ": ";

char* Append(char* out, std::string_view text) { return std::copy(text.begin(), text.end(), out); }

}  // namespace

size_t ErrorBodySize(uint16_t status, std::string_view detail) {
  return 4 + ReasonPhrase(status).size() + (detail.empty() ? 0 : kSeparator.size() + detail.size()) + 1;
}

char* WriteErrorBody(uint16_t status, std::string_view detail, char* out) {
  out = std::to_chars(out, out + 3, status).ptr;
  *out++ = ' ';
  out = Append(out, ReasonPhrase(status));
  if (!detail.empty()) {
    out = Append(out, kSeparator);
    out = Append(out, detail);
  }
  *out++ = '\n';
  return out;
}

}  // namespace fairlead::http
