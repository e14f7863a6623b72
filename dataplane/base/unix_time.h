#pragma once

#include <chrono>
#include <cstdint>

namespace fairlead::base {

// Since 1970, by the system's clock, which may be set forward and back: for what other machines, people and files are
// told. What is waited for goes by the loop's clock.
inline uint64_t UnixMicros() {
  using std::chrono::microseconds;
  return std::chrono::duration_cast<microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

inline uint64_t UnixMillis() { return UnixMicros() / 1'000; }

}  // namespace fairlead::base
