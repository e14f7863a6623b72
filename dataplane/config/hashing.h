#pragma once

#include <cstdint>
#include <string>

namespace fairlead::config {

// A part of a request that it may be balanced by, so that the same value goes to the same server.
struct HashKey {
  enum class Part : uint8_t { kHeader, kCookie, kQuery, kPath, kSourceAddress };
  Part part = Part::kSourceAddress;
  std::string name = {};  // of the field, the cookie or the parameter

  bool operator==(const HashKey&) const = default;
};

// How a backend's table of servers is made (load_balancing::HashTable).
struct HashTableSettings {
  enum class Kind : uint8_t { kRing, kMaglev };
  Kind kind = Kind::kRing;
  uint32_t ring_points = 100;  // kRing: of a server of weight 1
  uint32_t table_size = 0;     // kMaglev: a prime; 0: by the number of servers

  bool operator==(const HashTableSettings&) const = default;
};

}  // namespace fairlead::config
