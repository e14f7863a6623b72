#include "dataplane/proxy/date_cache.h"

#include <cstdio>
#include <ctime>

namespace fairlead::proxy {

void DateCache::Update(uint64_t now_ms) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  tm date;
  gmtime_r(&now.tv_sec, &date);
  // strftime would use the locale's names. The bounds tell the compiler that the text fits.
  std::snprintf(text_, sizeof(text_), "%s, %02u %s %04u %02u:%02u:%02u GMT", kDays[date.tm_wday],
                static_cast<unsigned>(date.tm_mday) % 100, kMonths[date.tm_mon],
                static_cast<unsigned>(date.tm_year + 1900) % 10000, static_cast<unsigned>(date.tm_hour) % 100,
                static_cast<unsigned>(date.tm_min) % 100, static_cast<unsigned>(date.tm_sec) % 100);
  next_ms_ = now_ms + 1000 - now.tv_nsec / 1'000'000;
}

}  // namespace fairlead::proxy
