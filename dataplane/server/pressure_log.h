#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace fairlead::server {

// Says on stderr that the proxy is short of something: at most a line in kQuietMs for each thing, with how often it
// came up since the last one. Workers only count; the control thread looks at the sums.
class PressureLog {
 public:
  static constexpr uint64_t kQuietMs = 5000;

  // `what` is said with the count: "no descriptors left".
  explicit PressureLog(std::string what) : what_(std::move(what)) {}

  // The sum of the counters is `count` now. The line to print, without its end; empty: nothing is to be said.
  std::string Look(uint64_t count, uint64_t now_ms);

 private:
  const std::string what_;
  uint64_t told_count_ = 0;
  uint64_t quiet_until_ms_ = 0;
};

}  // namespace fairlead::server
