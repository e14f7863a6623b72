#pragma once

#include <cstddef>
#include <string_view>

namespace fairlead::base {

constexpr size_t kMaxHostNameBytes = 253;

// Whether `text` is a host's name, in any case: labels of letters, digits, '-' and '_', joined by single dots, of 63
// and together 253 bytes at most (RFC 1123 §2.1 and, since names in use have it, '_'). So is an IPv4 address.
bool IsHostName(std::string_view text);

}  // namespace fairlead::base
