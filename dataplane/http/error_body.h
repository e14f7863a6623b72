#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// The one line of text that the proxy's own errors have as a body, in every version of HTTP: "404 Not Found: DETAIL".
namespace fairlead::http {

// Its bytes, the newline included. `detail` may be empty.
size_t ErrorBodySize(uint16_t status, std::string_view detail);

// Writes as many at `out`; returns the end.
char* WriteErrorBody(uint16_t status, std::string_view detail, char* out);

}  // namespace fairlead::http
