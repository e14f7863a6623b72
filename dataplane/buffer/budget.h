#pragma once

#include <atomic>
#include <cstdint>

namespace fairlead::buffer {

// The memory that the buffers of all workers may take together, and what they take now. One for the process, made
// before the loops and outliving them; each loop's BlockPool joins it. For any thread: relaxed, since nobody needs more
// than an idea of the sum. Pools report in steps, so that blocks come and go without touching what all threads share.
class Budget {
 public:
  explicit Budget(uint64_t limit_bytes)
      : limit_bytes_(limit_bytes),
        lean_at_bytes_(static_cast<int64_t>(limit_bytes - limit_bytes / 4)),
        tight_at_bytes_(static_cast<int64_t>(limit_bytes - limit_bytes / 10)) {}

  uint64_t limit_bytes() const { return limit_bytes_; }
  // Off by what pools have not reported: at most BlockPool::kReportBytes for each.
  int64_t used_bytes() const { return used_bytes_.load(std::memory_order_relaxed); }
  // Three quarters are taken: what has begun is to hold no more than it needs.
  bool lean() const { return used_bytes() >= lean_at_bytes_; }
  // Nine tenths are taken: nothing new is to begin, so that the rest is enough for what has begun.
  bool tight() const { return used_bytes() >= tight_at_bytes_; }

  void Add(int64_t bytes) { used_bytes_.fetch_add(bytes, std::memory_order_relaxed); }

 private:
  const uint64_t limit_bytes_;
  const int64_t lean_at_bytes_;
  const int64_t tight_at_bytes_;
  std::atomic<int64_t> used_bytes_{0};
};

}  // namespace fairlead::buffer
