#pragma once

#include <cstdint>

namespace fairlead::http::h2 {

// When a peer that sends nothing is asked by a PING whether it is still there, and when it is given up (RFC 9113 §6.7):
// the interval is that from its last frame, whatever it was, and any frame is an answer. Part of a connection, which
// sets a timer for NextMs and then calls Look; neither is called for each frame.
class PingTimes {
 public:
  enum class Due : uint8_t {
    kNothing,
    kPing,    // to be sent now
    kGiveUp,  // nothing has come since the PING
  };

  struct Settings {
    uint64_t interval_ms;
    uint64_t timeout_ms;
  };

  // `last_frame_ms`: when the last one came, or the connection began.
  Due Look(uint64_t now_ms, uint64_t last_frame_ms, const Settings& settings) {
    if (last_frame_ms >= asked_ms_) asked_ms_ = kNever;
    if (asked_ms_ != kNever) return now_ms >= asked_ms_ + settings.timeout_ms ? Due::kGiveUp : Due::kNothing;
    if (now_ms < last_frame_ms + settings.interval_ms) return Due::kNothing;
    asked_ms_ = now_ms;
    return Due::kPing;
  }
  // When to look, seen from `now_ms`.
  uint64_t NextMs(uint64_t now_ms, uint64_t last_frame_ms, const Settings& settings) const {
    if (asked_ms_ == kNever || last_frame_ms >= asked_ms_) return last_frame_ms + settings.interval_ms;
    // Not only at the end of its time: most are answered soon, and then the next is due before that.
    const bool is_early = settings.interval_ms < settings.timeout_ms && now_ms < asked_ms_ + settings.interval_ms;
    return asked_ms_ + (is_early ? settings.interval_ms : settings.timeout_ms);
  }

 private:
  static constexpr uint64_t kNever = UINT64_MAX;

  uint64_t asked_ms_ = kNever;  // when the PING was sent that nothing has come after
};

}  // namespace fairlead::http::h2
