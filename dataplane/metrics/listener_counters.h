#pragma once

#include <memory>

#include "dataplane/metrics/counter.h"

namespace fairlead::metrics {

// What happened between one worker and one listener. Written by that worker, read by the control side.
struct alignas(64) ListenerWorkerCounters {
  Counter connections_accepted;
  Counter connections_open;  // now
  // Of TCP listeners, from and to clients:
  Counter tcp_bytes_received;
  Counter tcp_bytes_sent;
};

// The counters of one listener. Made by the control side when the listener first appears and shared by every revision
// that has it; dropped on the control side, after the listener's last connection.
class ListenerCounters {
 public:
  explicit ListenerCounters(int workers) : workers_(workers), of_worker_(new ListenerWorkerCounters[workers]) {}

  ListenerWorkerCounters& of_worker(int index) { return of_worker_[index]; }
  const ListenerWorkerCounters& of_worker(int index) const { return of_worker_[index]; }
  int workers() const { return workers_; }

 private:
  const int workers_;
  const std::unique_ptr<ListenerWorkerCounters[]> of_worker_;
};

}  // namespace fairlead::metrics
