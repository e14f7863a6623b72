#include "dataplane/http/content_length.h"

#include <charconv>
#include <limits>

namespace fairlead::http {

std::optional<uint64_t> ParseContentLength(std::string_view value) {
  const char* const end = value.data() + value.size();
  uint64_t length = 0;
  const auto [stop, error] = std::from_chars(value.data(), end, length);  // unsigned: takes no sign and no white space
  if (error != std::errc() || stop != end || length > std::numeric_limits<int64_t>::max()) return std::nullopt;
  return length;
}

}  // namespace fairlead::http
