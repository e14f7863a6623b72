#pragma once

#include "dataplane/metrics/counter.h"
#include "dataplane/metrics/per_worker.h"
#include "dataplane/metrics/request_counters.h"

namespace fairlead::metrics {

// What happened between one worker and one listener. Written by that worker, read by the control side. `responses`
// counts those to malformed requests, too.
struct alignas(64) ListenerWorkerCounters : RequestCounters {
  Counter connections_accepted;
  Counter connections_open;  // now
  Counter bytes_received;    // from clients
  Counter bytes_sent;        // to them
};

// The counters of one listener. Made by the control side when the listener first appears and shared by every revision
// that has it; dropped on the control side, after the listener's last connection.
class ListenerCounters : public PerWorkerList<ListenerWorkerCounters> {};

}  // namespace fairlead::metrics
