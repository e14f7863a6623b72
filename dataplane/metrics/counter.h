#pragma once

#include <atomic>
#include <cstdint>

namespace fairlead::metrics {

// A number that one thread changes and any thread reads: relaxed, no locked instruction.
class Counter {
 public:
  void Add(uint64_t n) { value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); }
  void Set(uint64_t value) { value_.store(value, std::memory_order_relaxed); }
  void Increment() { Add(1); }
  void Decrement() { Add(~uint64_t{0}); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

}  // namespace fairlead::metrics
