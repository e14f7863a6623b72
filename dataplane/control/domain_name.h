#pragma once

#include <string_view>

namespace fairlead::control {

// Whether `text`, in lower case, is what a virtual host may name: "*"; a host name or an address as they stand in a
// request's Host field, without the port ("www.example.org", "10.0.0.1", "[::1]"); or "*." and a host name.
//
// Host names: labels of letters, digits, '-' and '_', joined by single dots, of 63 and together 253 bytes at most (RFC
// 1123 §2.1 and, since names in use have it, '_').
bool IsDomainPattern(std::string_view text);

}  // namespace fairlead::control
