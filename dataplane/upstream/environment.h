#pragma once

#include "dataplane/event/loop.h"
#include "dataplane/event/turn_work.h"
#include "dataplane/load_balancing/random.h"
#include "dataplane/metrics/worker_counters.h"

namespace fairlead::upstream {

// What the objects of one worker share. Owned by the worker, outlives them all.
struct Environment {
  event::Loop* loop;
  event::TurnWork* turn_work;
  load_balancing::Random* random;
  metrics::WorkerCounters* counters;
  int worker_index;
};

}  // namespace fairlead::upstream
