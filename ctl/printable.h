#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::ctl {

// Text from elsewhere (a reporter's reason, a name) as it can stand on a terminal: control characters, which could move
// the cursor or change colours, and bytes that are not UTF-8 become `\x1b`.
std::string Printable(std::string_view text);

// How many columns a text takes, a character each.
size_t Columns(std::string_view text);

// A span of time in its two largest units: "350ms", "12s", "3m12s", "5h3m", "2d4h".
std::string PrintableSpan(uint64_t milliseconds);

// Unix time in milliseconds as "2026-11-26T10:31:07Z".
std::string PrintableTime(int64_t milliseconds);

}  // namespace fairlead::ctl
