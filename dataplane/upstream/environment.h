#pragma once

#include <cstdint>

#include "dataplane/event/loop.h"
#include "dataplane/event/turn_work.h"
#include "dataplane/load_balancing/random.h"
#include "dataplane/metrics/worker_counters.h"
#include "dataplane/upstream/peers.h"

namespace fairlead::upstream {

// What the objects of one worker share. Owned by the worker, outlives them all.
struct Environment {
  event::Loop* loop;
  event::TurnWork* turn_work;
  load_balancing::Random* random;
  metrics::WorkerCounters* counters;
  int worker_index;
  Peers peers{};           // this worker included; empty while there is only one
  uint64_t adoptions = 0;  // grows by one with each snapshot that the worker goes over to
};

}  // namespace fairlead::upstream
