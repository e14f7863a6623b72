#include "dataplane/upstream/wait_queue.h"

#include <algorithm>

#include "dataplane/event/turn_work.h"

namespace fairlead::upstream {

using metrics::WorkerAdmission;

WaitQueue::WaitQueue(Environment* environment, metrics::BackendAdmission* shared)
    : environment_(environment),
      shared_(shared),
      own_(shared->of_worker(environment->worker_index)),
      timer_([](void* self) { static_cast<WaitQueue*>(self)->OnTimer(); }, this) {}

WaitQueue::~WaitQueue() { environment_->loop->timers().Cancel(&timer_); }

bool WaitQueue::Enter(Waiter* waiter, uint32_t length) {
  uint32_t waiting = shared_->waiting.load(std::memory_order_relaxed);
  do {
    if (waiting >= length) return false;
  } while (!shared_->waiting.compare_exchange_weak(waiting, waiting + 1));
  waiter->queue_ = this;
  waiter->since_ms_ = environment_->loop->now_ms();
  const bool first = waiters_.empty();
  waiters_.PushBack(waiter);
  if (first) PublishOldest();
  if (first && !timer_.scheduled()) environment_->loop->timers().Schedule(&timer_, timeout_ms_);
  // Last: who reads of it may rely on the others' knowing since when it waits.
  own_.queued.Increment();
  return true;
}

void WaitQueue::Leave(Waiter* waiter) {
  const bool first = waiter == waiters_.front();
  waiter->Unlink();
  waiter->queue_ = nullptr;
  own_.queue_wait_ms.Add(environment_->loop->now_ms() - waiter->since_ms_);
  if (first) PublishOldest();
  shared_->waiting.fetch_sub(1);
}

void WaitQueue::SetTimeout(uint64_t timeout_ms) {
  if (timeout_ms == timeout_ms_) return;
  timeout_ms_ = timeout_ms;
  // The timer finds out what is due now.
  if (!waiters_.empty()) environment_->loop->timers().Schedule(&timer_, 0);
}

void WaitQueue::OnTimer() {
  event::TurnScope scope(environment_->turn_work);
  const uint64_t now_ms = environment_->loop->now_ms();
  // The first has always waited longest.
  while (!waiters_.empty()) {
    Waiter* const waiter = waiters_.front();
    const uint64_t deadline_ms = waiter->since_ms_ + timeout_ms_;
    if (deadline_ms > now_ms) return environment_->loop->timers().Schedule(&timer_, deadline_ms - now_ms);
    Leave(waiter);
    own_.queue_timeouts.Increment();
    waiter->OnQueueTimeout();
  }
}

std::optional<WaitQueue::Elsewhere> WaitQueue::OldestElsewhere() const {
  std::optional<Elsewhere> oldest;
  if (shared_->waiting.load() == 0) return oldest;
  for (int worker = 0; worker < shared_->workers(); ++worker) {
    if (worker == environment_->worker_index) continue;
    const uint64_t since_ms = shared_->of_worker(worker).oldest_since_ms.load();
    if (since_ms == WorkerAdmission::kNobodyWaits || (oldest && oldest->since_ms <= since_ms)) continue;
    oldest = Elsewhere{worker, since_ms};
  }
  return oldest;
}

void WaitQueue::PublishOldest() {
  own_.oldest_since_ms.store(waiters_.empty() ? WorkerAdmission::kNobodyWaits : waiters_.front()->since_ms_);
}

void Waiter::Leave() {
  if (queue_ != nullptr) {
    queue_->Leave(this);
  } else {
    Unlink();
  }
}

}  // namespace fairlead::upstream
