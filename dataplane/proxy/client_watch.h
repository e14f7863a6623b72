#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/config/listener.h"
#include "dataplane/event/timer_wheel.h"

namespace fairlead::proxy {

// Holds one client to its listener's request_timeout and min_client_rate. A connection has one only where its listener
// asks for either, from the beginning of a request until a look finds it idle, so that neither idle connections nor
// other listeners pay for it. The connection looks once a second and when a request's time is up; a request that has
// ended by then costs nothing more. On the worker's thread alone.
//
// A rate is measured over windows of kWindowMs or more in which the proxy waited for the client without a break: a
// server that holds the request's body back, or a reader that has taken all there was, begins another window.
class ClientWatch {
 public:
  static constexpr uint64_t kWindowMs = 5000;

  // What the connection is doing.
  struct Look {
    bool idle = false;           // nothing is under way, either way
    bool receiving = false;      // a request is not whole
    bool awaits_body = false;    // of it a part of the body is due, and nobody holds it back
    bool awaits_reader = false;  // bytes wait for the client to take those before them
    int64_t taken = 0;           // by the client, since the watch began; looked at with awaits_reader
  };
  enum class Verdict : uint8_t { kWell, kIdle, kRequestTimeout, kSlowBody, kSlowReader };

  // `on_look(context)` is the connection's function that looks.
  ClientWatch(void (*on_look)(void*), void* context) : timer_(on_look, context) {}

  // The first byte of a request has come.
  void BeginRequest(const config::HttpSettings& settings, event::TimerWheel& timers);
  void OnReceived(size_t bytes) { received_ += static_cast<int64_t>(bytes); }
  void OnSent(size_t bytes) { sent_ += static_cast<int64_t>(bytes); }
  // The server is slower than the client.
  void OnBodyHeldBack() { body_.begin_ms = kNone; }
  void OnAllSent() { reader_.begin_ms = kNone; }

  // What there is to be done. Looks again by itself after kWell.
  Verdict Check(const config::HttpSettings& settings, const Look& look, event::TimerWheel& timers);
  // Given to the kernel since the watch began.
  int64_t sent() const { return sent_; }

 private:
  static constexpr uint64_t kNone = UINT64_MAX;
  static constexpr uint64_t kLookMs = 1000;

  struct Window {
    uint64_t begin_ms = kNone;
    int64_t bytes = 0;  // moved when it began

    // Whether a window has ended with less than `rate` bytes a second.
    bool IsTooSlow(bool waiting, int64_t bytes_now, uint32_t rate, uint64_t now_ms);
  };

  void Schedule(event::TimerWheel& timers);

  event::Timer timer_;
  uint64_t request_deadline_ms_ = kNone;
  uint64_t next_look_ms_ = kNone;
  int64_t received_ = 0;
  int64_t sent_ = 0;
  Window body_;
  Window reader_;
};

}  // namespace fairlead::proxy
