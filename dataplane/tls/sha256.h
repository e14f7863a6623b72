#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace fairlead::tls {

using Sha256 = std::array<uint8_t, 32>;

Sha256 Sha256Of(std::string_view bytes);
// In a time that tells nothing of where they differ.
bool SameInConstantTime(const Sha256& a, const Sha256& b);

}  // namespace fairlead::tls
