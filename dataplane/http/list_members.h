#pragma once

#include <cstddef>
#include <string_view>

#include "dataplane/http/scan.h"

namespace fairlead::http {

// Calls `function` with each member of a comma-separated list (RFC 9110 §5.6.1), trimmed, the empty ones included.
// Knows nothing of quoted strings: for lists of tokens.
template <typename Function>
void ForEachListMember(std::string_view list, Function function) {
  while (true) {
    const size_t comma = list.find(',');
    function(TrimWhitespace(list.substr(0, comma)));
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace fairlead::http
