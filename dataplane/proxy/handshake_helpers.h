#pragma once

#include <cstdint>

namespace fairlead::tls {
class HandshakePool;
}

namespace fairlead::proxy {

// Decides who does a handshake: the worker itself while it has hardly anything else to do, since handing it over costs
// two wake-ups; else the pool of threads, so that requests, and other handshakes, do not wait for a private key's
// milliseconds. Owned by the worker, on its thread alone.
class HandshakeHelpers {
 public:
  // `pool` outlives it; null: the worker does them all.
  explicit HandshakeHelpers(tls::HandshakePool* pool) : pool_(pool) {}

  // For a handshake that begins now, on a worker that has had `requests` so far. Null: the worker's own thread.
  tls::HandshakePool* Choose(uint64_t now_ms, uint64_t requests) {
    if (now_ms - window_ms_ >= kWindowMs) {
      window_ms_ = now_ms;
      was_busy_ = handshakes_ > 1 || requests != requests_;
      requests_ = requests;
      handshakes_ = 0;
    }
    ++handshakes_;
    const bool busy = was_busy_ || handshakes_ > 1 || requests != requests_;
    return busy ? pool_ : nullptr;
  }

 private:
  // A request, or a second handshake, within so long is traffic.
  static constexpr uint64_t kWindowMs = 100;

  tls::HandshakePool* const pool_;
  uint64_t window_ms_ = 0;   // when this window began
  uint64_t requests_ = 0;    // by then
  uint32_t handshakes_ = 0;  // in it
  bool was_busy_ = false;    // the one before
};

}  // namespace fairlead::proxy
