#include "dataplane/proxy/client_watch.h"

#include <algorithm>

namespace fairlead::proxy {

void ClientWatch::BeginRequest(const config::HttpSettings& settings, event::TimerWheel& timers) {
  const uint64_t timeout_ms = static_cast<uint64_t>(settings.request_timeout.count());
  body_.begin_ms = kNone;
  request_deadline_ms_ = timeout_ms == 0 ? kNone : timers.now_ms() + timeout_ms;
  // Most requests are over long before the look that was scheduled for one before them.
  if (!timer_.scheduled() || request_deadline_ms_ < next_look_ms_) Schedule(timers);
}

ClientWatch::Verdict ClientWatch::Check(const config::HttpSettings& settings, const Look& look,
                                        event::TimerWheel& timers) {
  const uint64_t now_ms = timers.now_ms();
  if (look.idle) return Verdict::kIdle;
  if (!look.receiving) request_deadline_ms_ = kNone;
  if (now_ms >= request_deadline_ms_) return Verdict::kRequestTimeout;
  if (const uint32_t rate = settings.min_client_rate; rate != 0) {
    if (body_.IsTooSlow(look.awaits_body, received_, rate, now_ms)) return Verdict::kSlowBody;
    if (reader_.IsTooSlow(look.awaits_reader, look.taken, rate, now_ms)) return Verdict::kSlowReader;
  }
  Schedule(timers);
  return Verdict::kWell;
}

bool ClientWatch::Window::IsTooSlow(bool waiting, int64_t bytes_now, uint32_t rate, uint64_t now_ms) {
  if (!waiting) {
    begin_ms = kNone;
    return false;
  }
  const bool begins = begin_ms == kNone;
  const uint64_t length_ms = begins ? 0 : now_ms - begin_ms;
  if (!begins && length_ms < kWindowMs) return false;
  const bool too_slow = !begins && (bytes_now - bytes) * 1000 < static_cast<int64_t>(rate * length_ms);
  begin_ms = now_ms;
  bytes = bytes_now;
  return too_slow;
}

void ClientWatch::Schedule(event::TimerWheel& timers) {
  next_look_ms_ = std::min(timers.now_ms() + kLookMs, request_deadline_ms_);
  timers.Schedule(&timer_, next_look_ms_ - timers.now_ms());
}

}  // namespace fairlead::proxy
