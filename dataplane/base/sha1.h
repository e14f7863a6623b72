#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace fairlead::base {

// SHA-1 (RFC 3174). Not for security: WebSocket's handshake (RFC 6455 §4.2.2) is built on it.
std::array<uint8_t, 20> Sha1(std::string_view text);

}  // namespace fairlead::base
