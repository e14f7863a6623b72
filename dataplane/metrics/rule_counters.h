#pragma once

#include "dataplane/metrics/per_worker.h"
#include "dataplane/metrics/request_counters.h"

namespace fairlead::metrics {

// What one worker has done by one rule. Written by that worker, read by the control side.
struct alignas(64) RuleWorkerCounters : RequestCounters {};

// The counters of one rule. Made by the control side when its route table first has a virtual host and a rule of these
// ids, and shared by every revision in which it has; dropped on the control side.
class RuleCounters : public PerWorkerArray<RuleWorkerCounters> {
 public:
  using PerWorkerArray::PerWorkerArray;
};

}  // namespace fairlead::metrics
