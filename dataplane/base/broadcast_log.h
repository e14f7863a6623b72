#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace fairlead::base {

// The last `kCapacity` numbers that anybody appended, for any number of readers, each with a position of its own. A
// reader that is further behind is told that it has lost some. Lock-free; all operations are sequentially consistent,
// so that who appends and then looks for readers that sleep, and who prepares to sleep and then reads, do not miss each
// other.
template <size_t kCapacity>
class BroadcastLog {
 public:
  // Where a reader begins that wants to know what is appended from now on.
  uint64_t end() const { return end_.load(); }

  // From any thread.
  void Append(uint32_t value) {
    const uint64_t position = end_.fetch_add(1);
    std::atomic<uint64_t>& entry = entries_[position % kCapacity];
    uint64_t before = entry.load();
    // A writer that was held up for a whole round leaves what was written since.
    while (IsOlder(before, position) && !entry.compare_exchange_weak(before, MakeEntry(position, value))) {
    }
  }

  // Calls `visit(value)` for what was appended since `*position`, and moves that on. An entry that is not written yet,
  // though its place is taken, ends the reading: its writer is still inside Append. False: some were lost.
  template <typename Visit>
  bool Read(uint64_t* position, Visit visit) const {
    const uint64_t end = end_.load();
    bool complete = true;
    if (end - *position > kCapacity) {
      *position = end - kCapacity;
      complete = false;
    }
    for (; *position != end; ++*position) {
      const uint64_t entry = entries_[*position % kCapacity].load();
      if (IsOlder(entry, *position)) return complete;
      if (entry >> 32 != TagOf(*position)) {
        complete = false;  // overwritten meanwhile
        continue;
      }
      visit(static_cast<uint32_t>(entry));
    }
    return complete;
  }

 private:
  // An entry is its value, and above it a tag that tells the rounds apart. 0 is the tag of no entry of the first round.
  static uint32_t TagOf(uint64_t position) { return static_cast<uint32_t>(position + 1); }
  static uint64_t MakeEntry(uint64_t position, uint32_t value) { return uint64_t{TagOf(position)} << 32 | value; }
  // Whether `entry` lay there before the one at `position` was written.
  static bool IsOlder(uint64_t entry, uint64_t position) {
    return static_cast<int32_t>(static_cast<uint32_t>(entry >> 32) - TagOf(position)) < 0;
  }

  std::atomic<uint64_t> end_{0};
  std::array<std::atomic<uint64_t>, kCapacity> entries_{};
};

}  // namespace fairlead::base
