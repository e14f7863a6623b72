#pragma once

#include <cstdint>
#include <optional>

#include "dataplane/base/intrusive_list.h"
#include "dataplane/event/timer_wheel.h"
#include "dataplane/metrics/backend_admission.h"
#include "dataplane/upstream/environment.h"
#include "dataplane/upstream/waiter.h"

namespace fairlead::upstream {

// One worker's part of one backend's queue: those who wait here in the order in which they came, and what the other
// workers must know of them. Owned by the worker's Backend, on its thread alone.
class WaitQueue {
 public:
  WaitQueue(Environment* environment, metrics::BackendAdmission* shared);
  ~WaitQueue();  // nobody waits
  WaitQueue(const WaitQueue&) = delete;
  WaitQueue& operator=(const WaitQueue&) = delete;

  bool empty() const { return waiters_.empty(); }
  // Of a queue that is not empty.
  Waiter* front() { return waiters_.front(); }
  // Requests that wait, in all workers. Sequentially consistent.
  uint32_t waiting_anywhere() const { return shared_->waiting.load(); }
  metrics::WorkerAdmission& counters() { return own_; }

  // Puts `waiter` at the end. False: so many as `length` wait already, in all workers.
  bool Enter(Waiter* waiter, uint32_t length);
  void Leave(Waiter* waiter);
  // How long each may wait, counted from when it came.
  void SetTimeout(uint64_t timeout_ms);

  // Another worker, of those where somebody waits the one where somebody has waited longest.
  struct Elsewhere {
    int worker;
    uint64_t since_ms;
  };
  std::optional<Elsewhere> OldestElsewhere() const;
  // Whether this call is the first for that worker since it was woken last: it is to be sent a message.
  bool MarkForWaking(int worker) { return !shared_->of_worker(worker).wake_due.exchange(true); }
  // The message has come. Before looking whether there is room.
  void OnWoken() { own_.wake_due.store(false); }

 private:
  void OnTimer();
  void PublishOldest();

  Environment* const environment_;
  metrics::BackendAdmission* const shared_;
  metrics::WorkerAdmission& own_;
  base::IntrusiveList<Waiter> waiters_;
  uint64_t timeout_ms_ = 0;
  event::Timer timer_;  // of the first in the queue, or of one that has left
};

}  // namespace fairlead::upstream
