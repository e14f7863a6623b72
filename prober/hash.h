#pragma once

#include <cstdint>
#include <string_view>

namespace fairlead::prober {

// A hash that is the same in every prober, whatever it was built with: FNV-1a, then the finisher of splitmix64, without
// which names that are alike would have hashes that are alike.
constexpr uint64_t Mix(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

constexpr uint64_t Hash(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return Mix(hash);
}

}  // namespace fairlead::prober
