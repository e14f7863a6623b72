#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "dataplane/health/report.h"
#include "dataplane/health/reporters.h"
#include "dataplane/identity/peer.h"

namespace fairlead::health {

// Why a report was refused: each is counted by itself.
enum class Refusal : uint8_t {
  kMalformed,        // a field out of its limits
  kStranger,         // no reporter of that name, or not the one who is at the other end
  kForeignBackend,   // a backend that the reporter does not speak for
  kNoSuchServer,     //
  kStale,            // an incarnation or sequence that was seen
  kTooManyReporters  // one more author than a server's limit
};
inline constexpr int kRefusals = 6;

// Who is at the other end of a connection that brings reports, and whether he may. One for each connection, on the
// control thread; the reporters outlive it.
class Speaker {
 public:
  Speaker(const Reporters* reporters, identity::Peer peer) : reporters_(reporters), peer_(std::move(peer)) {}

  const identity::Peer& peer() const { return peer_; }
  void ShowToken(std::string_view token) {
    peer_.ShowToken(token);
    asked_generation_ = kNever;
  }

  // PERMISSION_DENIED, with its kind in `*refusal`, where the peer is not the report's author, or the author may not
  // speak of its backend. The author is looked for once for all reports of his in a row.
  absl::Status Check(const Report& report, Refusal* refusal);

 private:
  static constexpr uint64_t kNever = UINT64_MAX;

  const Reporters* const reporters_;
  identity::Peer peer_;
  // The author that was asked for last, and when: the reporter, if it is the peer.
  std::string asked_;
  uint64_t asked_generation_ = kNever;
  const Reporter* found_ = nullptr;
};

}  // namespace fairlead::health
