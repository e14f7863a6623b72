#pragma once

#include <cstdint>

#include "dataplane/config/listener.h"
#include "dataplane/event/timer_wheel.h"
#include "dataplane/http/h2/ping_times.h"
#include "dataplane/http/h2/server_codec.h"

namespace fairlead::proxy {

// Keeps the times of one HTTP/2 connection: has its codec look after the streams' about once a second while there are
// any, asks a silent client whether it is still there, and knows when the connection is old. A part of the connection
// that only HTTP/2 has; an idle one without PINGs and without an age costs no timer. On the worker's thread alone.
class Http2Watch {
 public:
  enum class Verdict : uint8_t {
    kWell,
    kOld,
    kSilent,  // the client does not answer
    kStuck,   // it takes nothing any more
  };

  // `on_look(context)` is the connection's function that calls Look. `codec` outlives the watch.
  Http2Watch(http::h2::ServerCodec* codec, void (*on_look)(void*), void* context)
      : codec_(codec), timer_(on_look, context) {}

  void Start(const config::HttpSettings& settings, event::TimerWheel& timers);
  // The connection is closed: looks no more.
  void Stop(event::TimerWheel& timers) { timers.Cancel(&timer_); }
  // The connection is not idle: it will be looked at soon.
  void KeepLooking(const config::HttpSettings& settings, event::TimerWheel& timers);
  // The connection drains.
  void OnDrain(event::TimerWheel& timers);
  // Looks after everything, and says what is left to be done by the connection. Looks again by itself.
  Verdict Look(const config::HttpSettings& settings, event::TimerWheel& timers);

  bool draining() const { return codec_->draining(); }
  bool terminated() const { return codec_->terminated(); }

 private:
  static constexpr uint64_t kNever = UINT64_MAX;
  static constexpr uint64_t kLookMs = 1000;
  static constexpr uint64_t kMinLookMs = 10;

  // How often the streams' times are looked at: often enough for the shortest.
  static uint64_t LookMs(const config::HttpSettings& settings);
  void Schedule(uint64_t deadline_ms, event::TimerWheel& timers);
  // When there is something to be done for an idle connection, too.
  uint64_t NextDeadline(const config::HttpSettings& settings, uint64_t now_ms) const;

  http::h2::ServerCodec* const codec_;
  event::Timer timer_;
  uint64_t next_look_ms_ = kNever;
  uint64_t old_ms_ = kNever;  // when it is
  http::h2::PingTimes pings_;
};

// The codec of an HTTP/2 connection with its watch, so that a connection of HTTP/1 has no place for either.
class WatchedServerCodec final : public http::h2::ServerCodec {
 public:
  WatchedServerCodec(http::ServerCodecHost* host, http::h2::ServerContext* shared, const http::HeadLimits* limits,
                     const http::h2::ServerSettings& settings, void (*on_look)(void*), void* context)
      : ServerCodec(host, shared, limits, settings), watch_(this, on_look, context) {}

  Http2Watch& watch() { return watch_; }

 private:
  Http2Watch watch_;
};

}  // namespace fairlead::proxy
