#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace fairlead::http {

// A Content-Length of digits alone (RFC 9110 §8.6), up to 2^63 - 1, since many peers keep lengths in signed integers.
// No sign, no list, even of equal values. Leading zeros are grammatical and read as decimal; what is sent on is always
// written anew. None if malformed or too large.
std::optional<uint64_t> ParseContentLength(std::string_view value);

}  // namespace fairlead::http
