#include "dataplane/access_log/timestamp.h"

#include <ctime>

namespace fairlead::access_log {

void Timestamp::Update(uint64_t second) {
  second_ = second;
  const auto seconds = static_cast<time_t>(second);
  tm utc;
  gmtime_r(&seconds, &utc);
  char text[kSize + 1];
  strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S.000000Z", &utc);
  std::memcpy(text_, text, sizeof(text_));
}

}  // namespace fairlead::access_log
