#pragma once

#include <cstdint>
#include <string_view>

namespace fairlead::load_balancing {

// Hashes that are the same in all processes, versions and machines: the proxies of a fleet choose alike, and so does
// each of them after a restart. They are no secret and need not be: whoever wants to load one server more than others
// can as well send it the same key again and again (docs/adr/0028).

// XXH3 with 64 bits (https://github.com/Cyan4973/xxHash, whose output is fixed since 0.8.0).
uint64_t HashOf(std::string_view bytes, uint64_t seed = 0);

// What tables know a server by: its id, whatever its address, its slot and its place in the configuration.
uint64_t ServerIdentity(std::string_view server_id);

// The `index`-th of the numbers that follow from `hash`, which look random (splitmix64).
constexpr uint64_t Derive(uint64_t hash, uint64_t index) {
  uint64_t mixed = hash + index * 0x9e3779b97f4a7c15;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

// `hash` as a number below `bound`.
constexpr uint64_t Reduce(uint64_t hash, uint64_t bound) {
  return static_cast<uint64_t>((static_cast<unsigned __int128>(hash) * bound) >> 64);
}

}  // namespace fairlead::load_balancing
