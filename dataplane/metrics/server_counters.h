#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "dataplane/metrics/counter.h"

namespace fairlead::metrics {

// What happened between one worker and one server. Written by that worker, read by the control side.
struct alignas(64) ServerWorkerCounters {
  Counter requests;          // sent, or begun to be sent, retries included
  Counter responses[5];      // by class: [0] is 1xx (only 101), [1] 2xx … [4] 5xx
  Counter failures;          // ended by the server without a whole response
  Counter connections;       // opened
  Counter connect_failures;  // refused, unreachable or timed out
  Counter limit_reached;     // times that it was found to have no room
};

// The counters of one server. Made by the control side when the server first appears and shared by every revision that
// has it, so that they outlive changes of its settings; dropped on the control side.
class ServerCounters {
 public:
  explicit ServerCounters(int workers) : workers_(workers), of_worker_(new ServerWorkerCounters[workers]) {}

  ServerWorkerCounters& of_worker(int index) { return of_worker_[index]; }
  const ServerWorkerCounters& of_worker(int index) const { return of_worker_[index]; }
  int workers() const { return workers_; }

  // Requests that the server is answering, over all workers: what LEAST_REQUEST compares.
  std::atomic<uint32_t> active_requests{0};
  // Connections to it, over all workers: connecting, in use and idle.
  std::atomic<uint32_t> open_connections{0};
  // Idle ones that nobody has a claim on yet. Counted only while the server has max_connections.
  std::atomic<uint32_t> unclaimed_connections{0};

 private:
  const int workers_;
  const std::unique_ptr<ServerWorkerCounters[]> of_worker_;
};

}  // namespace fairlead::metrics
