#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fairlead::tls {

inline constexpr size_t kHmacSha256Size = 32;

// RFC 2104, with SHA-256.
std::string HmacSha256(std::string_view key, std::string_view text);

// Whether they are equal, in a time that does not tell where they differ.
bool SameSecret(std::string_view a, std::string_view b);

}  // namespace fairlead::tls
