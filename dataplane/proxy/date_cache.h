#pragma once

#include <cstdint>
#include <string_view>

namespace fairlead::proxy {

// The time of day for Date fields (RFC 9110 §5.6.7), written anew at most once a second.
class DateCache {
 public:
  // `now_ms` is the loop's clock; the date is the system's.
  std::string_view Get(uint64_t now_ms) {
    if (now_ms >= next_ms_) Update(now_ms);
    return {text_, kSize};
  }

 private:
  static constexpr size_t kSize = 29;  // "Sun, 06 Nov 1994 08:49:37 GMT"

  void Update(uint64_t now_ms);

  uint64_t next_ms_ = 0;
  char text_[kSize + 1] = {};
};

}  // namespace fairlead::proxy
