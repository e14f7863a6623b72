#include "dataplane/server/pressure_log.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace fairlead::server {

std::string PressureLog::Look(uint64_t count, uint64_t now_ms) {
  if (count == told_count_ || now_ms < quiet_until_ms_) return "";
  quiet_until_ms_ = now_ms + kQuietMs;
  const uint64_t times = count - std::exchange(told_count_, count);
  return absl::StrCat(what_, " (", times, times == 1 ? " time)" : " times)");
}

}  // namespace fairlead::server
