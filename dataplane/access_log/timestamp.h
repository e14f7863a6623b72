#pragma once

#include <cstdint>
#include <cstring>

namespace fairlead::access_log {

// Writes times as RFC 3339 in UTC with microseconds, "2026-11-26T07:00:31.000123Z", and remembers the last second's
// text, so that a time costs 40 instructions. One thread's.
class Timestamp {
 public:
  static constexpr size_t kSize = 27;

  // `time_us` is since 1970 and before the year 10000. Returns the end.
  char* Append(uint64_t time_us, char* out) {
    const uint64_t second = time_us / 1'000'000;
    if (second != second_) Update(second);
    std::memcpy(out, text_, sizeof(text_));
    auto micros = static_cast<uint32_t>(time_us % 1'000'000);
    for (int i = 25; i >= 20; --i) {
      out[i] = static_cast<char>('0' + micros % 10);
      micros /= 10;
    }
    return out + kSize;
  }

 private:
  void Update(uint64_t second);

  uint64_t second_ = UINT64_MAX;
  char text_[kSize] = {};
};

}  // namespace fairlead::access_log
