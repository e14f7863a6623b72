#pragma once

#include <cstdint>

#include "dataplane/config/slots.h"

namespace fairlead::load_balancing {

// A server as tables name it: its slot, and a tag of its identity. Slots are given to others when servers go, and a
// table may be older than that: one that has got the slot, and another tag, is not the one that was meant.
class TableEntry {
 public:
  // Servers in slots from here on have no place in tables: far beyond what fits into memory.
  static constexpr config::ServerSlot kSlots = 1 << 24;

  TableEntry() = default;
  TableEntry(config::ServerSlot slot, uint64_t identity) : bits_(slot << 8 | TagOf(identity)) {}
  explicit TableEntry(uint32_t bits) : bits_(bits) {}

  // 1 to 255.
  static uint8_t TagOf(uint64_t identity) { return 1 + static_cast<uint8_t>((identity >> 32) % 255); }

  config::ServerSlot slot() const { return bits_ >> 8; }
  uint8_t tag() const { return static_cast<uint8_t>(bits_); }
  uint32_t bits() const { return bits_; }

  bool operator==(const TableEntry&) const = default;

 private:
  uint32_t bits_ = 0;
};

}  // namespace fairlead::load_balancing
