#pragma once

#include <string_view>

namespace fairlead::http {

// Whether `text` can be the value of Host or the authority of a target (RFC 9110 §7.2): uri-host [ ":" port ], where
// the host is not empty (§4.2.1), is a reg-name, an IPv4 address or an IPv6 address in brackets, and the port is at
// most 65535 or empty. User information (an '@') and the never assigned "[v1.…]" are refused.
bool IsValidAuthority(std::string_view text);

}  // namespace fairlead::http
