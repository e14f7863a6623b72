#pragma once

#include <atomic>
#include <cstdint>

#include "dataplane/config/server.h"
#include "dataplane/metrics/server_counters.h"

namespace fairlead::upstream {

// The places for connections to one server, which all its workers share: as many as Server.max_connections says. An
// open connection holds one, also while it is idle in the pool of one worker. So that this starves no other worker, an
// idle connection can be claimed: whoever counts `unclaimed` down has a right to the place of one idle connection,
// whichever it will be, and asks around until a worker has closed one. What is idle is therefore never less than what
// is unclaimed and claimed together, and each claim is met:
//
//     idle in all workers + owed by all workers = unclaimed + claims under way
//
// A worker whose idle connection closes for another reason, or would be used, counts `unclaimed` down for it as well;
// where that is 0, the connection is somebody's claim: it may not be used, and once closed its place is owed.
//
// Without max_connections the open connections are counted, for a limit to come, and nothing else.
//
// One worker's; the numbers below each have a fixed place in ServerCounters.
class ConnectionPlaces {
 public:
  // `counters` outlive it.
  ConnectionPlaces(metrics::ServerCounters* counters, uint32_t limit) : counters_(counters), limit_(limit) {}

  bool limited() const { return limit_ != config::kNoLimit; }
  uint32_t limit() const { return limit_; }
  // Where more are open than may be, because the limit was lowered, idle ones make no room.
  bool HasRoom() const {
    if (!limited()) return true;
    const uint32_t open = counters_->open_connections.load();
    return open < limit_ || (open == limit_ && counters_->unclaimed_connections.load() > 0);
  }
  // More are open than may be: the limit was lowered.
  bool overfull() const { return limited() && counters_->open_connections.load(std::memory_order_relaxed) > limit_; }

  // Takes the place of a connection to come. False: none is free.
  bool TryOpen();
  // An open connection's place is free. True: none was before.
  bool Close() { return counters_->open_connections.fetch_sub(1) >= limit_; }

  // With a limit: claims an idle connection of any worker. False: there is none.
  bool TryClaim();
  // `count` of this worker's connections became idle, or claims were taken back. True: none was there to be claimed
  // before.
  bool AddUnclaimed(uint32_t count) { return counters_->unclaimed_connections.fetch_add(count) == 0 && count > 0; }

  // An idle connection was closed that was another worker's claim: the place stays taken.
  void Owe() { ++owed_; }
  // Whether a place is owed, which is given up now.
  bool PayDebt() {
    if (owed_ == 0) return false;
    --owed_;
    return true;
  }

  void set_limit(uint32_t limit) { limit_ = limit; }

 private:
  metrics::ServerCounters* const counters_;
  uint32_t limit_;
  uint32_t owed_ = 0;
};

}  // namespace fairlead::upstream
