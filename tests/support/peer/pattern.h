#pragma once

#include <cstdint>
#include <string_view>

namespace fairlead::peer {

// The contents of every generated body: lower-case letters that repeat after 65,521 bytes, a prime, so that a piece
// lost, repeated or moved shows. tests/support/pattern.py makes the same.
inline constexpr uint64_t kPatternPeriod = 65521;

// At most `length` bytes of it from `position` on; at least one when length > 0. Lives forever.
std::string_view PatternAt(uint64_t position, uint64_t length);

// Whether `bytes` are what PatternAt gives from `position` on.
bool MatchesPattern(uint64_t position, std::string_view bytes);

}  // namespace fairlead::peer
