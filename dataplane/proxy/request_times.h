#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace fairlead::proxy {

// Microseconds of the monotonic clock, now: finer than the loop's milliseconds, which stand still for a turn. 25 ns.
inline uint64_t MonotonicUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// When one request reached each of its phases. Nothing is taken, at the price of a branch, unless somebody reads it.
class RequestTimes {
 public:
  enum class Mark : uint8_t {
    kBegin,         // the first byte of its head
    kHead,          // its head is complete
    kRequestEnd,    // its body is complete, or there is none
    kServer,        // a server was chosen, for the first time
    kConnected,     // a connection to a server stands; of several attempts, the last
    kResponseHead,  // the head of the final response has come
    kEnd,           // the last byte of the response was written to the client's connection, or all was over
  };

  // A request begins. `wanted`: somebody will read its times.
  void Start(bool wanted) {
    wanted_ = wanted;
    if (!wanted) return;
    at_us_ = {};
    Take(Mark::kBegin);
  }
  void Take(Mark mark) {
    if (wanted_) at(mark) = MonotonicUs();
  }
  // For what may happen again.
  void TakeFirst(Mark mark) {
    if (wanted_ && at(mark) == 0) at(mark) = MonotonicUs();
  }
  // For what happened at the same time as another.
  void Copy(Mark mark, Mark from) {
    if (wanted_) at(mark) = at(from);
  }

  bool wanted() const { return wanted_; }
  bool Has(Mark mark) const { return wanted_ && at_us_[static_cast<size_t>(mark)] != 0; }
  // Microseconds between two of them; -1: one of them was not reached, or not after the other.
  int64_t Between(Mark from, Mark to) const {
    if (!Has(from) || !Has(to)) return -1;
    const auto us = static_cast<int64_t>(at_us_[static_cast<size_t>(to)] - at_us_[static_cast<size_t>(from)]);
    return us < 0 ? -1 : us;
  }

 private:
  uint64_t& at(Mark mark) { return at_us_[static_cast<size_t>(mark)]; }

  std::array<uint64_t, 7> at_us_;  // 0: not reached
  bool wanted_ = false;
};

}  // namespace fairlead::proxy
