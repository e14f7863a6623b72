#pragma once

#include <atomic>
#include <cstdint>

#include "dataplane/metrics/per_worker.h"
#include "dataplane/metrics/upstream_counters.h"

namespace fairlead::metrics {

// What happened between one worker and one server. Written by that worker, read by the control side.
struct alignas(64) ServerWorkerCounters : UpstreamCounters {};

// The counters of one server. Made by the control side when the server first appears and shared by every revision that
// has it, so that they outlive changes of its settings; dropped on the control side. There are as many as servers, and
// most workers never use most of 100,000: each worker's part is made when the worker first does.
class ServerCounters : public PerWorkerList<ServerWorkerCounters> {
 public:
  // Requests that the server is answering, over all workers: what LEAST_REQUEST compares.
  std::atomic<uint32_t> active_requests{0};
};

}  // namespace fairlead::metrics
