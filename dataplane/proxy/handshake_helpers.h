#pragma once

#include <cstdint>

namespace fairlead::tls {
class HandshakePool;
}

namespace fairlead::proxy {

// Decides who does a handshake: the worker itself while it has no traffic that would wait for the private key's
// milliseconds, since handing one over costs switches of threads; else the pool of threads. Other handshakes are no
// such traffic: whoever does them, they wait for each other. Owned by the worker, on its thread alone.
class HandshakeHelpers {
 public:
  // `pool` outlives it; null: the worker does them all.
  explicit HandshakeHelpers(tls::HandshakePool* pool) : pool_(pool) {}

  // For a handshake that begins now. `pieces` counts the requests that the worker has had so far, and what TCP
  // connections have passed on; `in_progress`: requests have not ended, of which more may come. Null: the worker's own
  // thread.
  tls::HandshakePool* Choose(uint64_t now_ms, uint64_t pieces, bool in_progress) {
    if (in_progress || pieces != pieces_) {
      pieces_ = pieces;
      busy_until_ms_ = now_ms + kTrafficMs;
    }
    return now_ms < busy_until_ms_ ? pool_ : nullptr;
  }

 private:
  // So long after the last of it there is still traffic.
  static constexpr uint64_t kTrafficMs = 1'000;

  tls::HandshakePool* const pool_;
  uint64_t pieces_ = 0;
  uint64_t busy_until_ms_ = 0;
};

}  // namespace fairlead::proxy
