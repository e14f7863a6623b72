#include "dataplane/proxy/http2_watch.h"

#include <algorithm>

namespace fairlead::proxy {
namespace {

using http::h2::PingTimes;

uint64_t Milliseconds(std::chrono::milliseconds time) { return static_cast<uint64_t>(time.count()); }

PingTimes::Settings PingSettings(const config::HttpSettings& settings) {
  return {.interval_ms = Milliseconds(settings.http2.ping_interval),
          .timeout_ms = Milliseconds(settings.http2.ping_timeout)};
}

}  // namespace

uint64_t Http2Watch::LookMs(const config::HttpSettings& settings) {
  uint64_t shortest_ms = Milliseconds(std::min(settings.header_timeout, settings.idle_timeout));
  if (settings.request_timeout.count() != 0) {
    shortest_ms = std::min(shortest_ms, Milliseconds(settings.request_timeout));
  }
  return std::clamp(shortest_ms / 4, kMinLookMs, kLookMs);
}

void Http2Watch::Start(const config::HttpSettings& settings, event::TimerWheel& timers) {
  if (settings.http2.max_connection_age.count() != 0) {
    old_ms_ = timers.now_ms() + Milliseconds(settings.http2.max_connection_age);
  }
  Schedule(NextDeadline(settings, timers.now_ms()), timers);
}

void Http2Watch::KeepLooking(const config::HttpSettings& settings, event::TimerWheel& timers) {
  // Nearly always there is a look to come that is near enough.
  const uint64_t deadline_ms = timers.now_ms() + LookMs(settings);
  if (!timer_.scheduled() || next_look_ms_ > deadline_ms) Schedule(deadline_ms, timers);
}

void Http2Watch::OnDrain(event::TimerWheel& timers) {
  const uint64_t deadline_ms = timers.now_ms() + kLookMs;
  if (!timer_.scheduled() || next_look_ms_ > deadline_ms) Schedule(deadline_ms, timers);
}

uint64_t Http2Watch::NextDeadline(const config::HttpSettings& settings, uint64_t now_ms) const {
  if (settings.http2.ping_interval.count() == 0) return old_ms_;
  return std::min(old_ms_, pings_.NextMs(now_ms, codec_->last_frame_ms(), PingSettings(settings)));
}

Http2Watch::Verdict Http2Watch::Look(const config::HttpSettings& settings, event::TimerWheel& timers) {
  const uint64_t now_ms = timers.now_ms();
  const bool alive = codec_->CheckTimes({.header_timeout_ms = Milliseconds(settings.header_timeout),
                                         .request_timeout_ms = Milliseconds(settings.request_timeout),
                                         .idle_timeout_ms = Milliseconds(settings.idle_timeout),
                                         .min_client_rate = settings.min_client_rate});
  if (!alive) return Verdict::kStuck;
  Verdict verdict = Verdict::kWell;
  if (now_ms >= old_ms_) {
    old_ms_ = kNever;
    verdict = Verdict::kOld;
  }
  if (settings.http2.ping_interval.count() != 0) {
    switch (pings_.Look(now_ms, codec_->last_frame_ms(), PingSettings(settings))) {
      case PingTimes::Due::kNothing:
        break;
      case PingTimes::Due::kPing:
        codec_->Ping();
        break;
      case PingTimes::Due::kGiveUp:
        return Verdict::kSilent;
    }
  }
  uint64_t next_ms = NextDeadline(settings, now_ms);
  if (!codec_->idle() || codec_->draining()) next_ms = std::min(next_ms, now_ms + LookMs(settings));
  Schedule(next_ms, timers);
  return verdict;
}

void Http2Watch::Schedule(uint64_t deadline_ms, event::TimerWheel& timers) {
  next_look_ms_ = deadline_ms;
  if (deadline_ms == kNever) return;
  const uint64_t now_ms = timers.now_ms();
  timers.Schedule(&timer_, deadline_ms > now_ms ? deadline_ms - now_ms : 1);
}

}  // namespace fairlead::proxy
