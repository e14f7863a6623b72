#pragma once

#include <atomic>
#include <cstdint>

#include "dataplane/base/counted_ptr.h"
#include "dataplane/metrics/per_worker.h"
#include "dataplane/metrics/upstream_counters.h"

namespace fairlead::metrics {

// What happened between one worker and one server. Written by that worker, read by the control side.
struct alignas(64) ServerWorkerCounters : UpstreamCounters {
  Counter limit_reached;  // times that the server was found at a limit of its own
};

// The counters of one server. Made by the control side when the server first appears and shared by every revision that
// has it, so that they outlive changes of its settings; dropped on the control side. There are as many as servers, and
// most workers never use most of 100,000: each worker's part is made when the worker first does.
class ServerCounters : public PerWorkerList<ServerWorkerCounters>, public base::Counted {
 public:
  // Requests that the server is answering, over all workers: what LEAST_REQUEST compares.
  std::atomic<uint32_t> active_requests{0};
  // Connections to it, over all workers: connecting, in use and idle.
  std::atomic<uint32_t> open_connections{0};
  // Idle ones that nobody has a claim on yet. Counted only while the server has max_connections.
  std::atomic<uint32_t> unclaimed_connections{0};
};

}  // namespace fairlead::metrics
