#include "dataplane/event/backend_loop.h"

#include <time.h>

#include <utility>

namespace fairlead::event {

BackendLoop::~BackendLoop() {
  for (LoopObject* object : ready_) {
    if (object->retired_) retired_.push_back(object);
  }
  FreeRetired();
}

void BackendLoop::RunOnce(bool wait) {
  uint64_t timeout_ms = 0;
  if (wait && ready_.empty()) {
    const uint64_t deadline = timers_.NextDeadline();
    timeout_ms = deadline == UINT64_MAX ? kForever : deadline > now_ms() ? deadline - now_ms() : 0;
  }
  Wait(timeout_ms);
  // Delays that handlers ask for count from now; timers themselves expire after the events that came before them.
  ReadClock();
  Deliver();
  RunReady();
  timers_.Advance(now_ms());
  mailbox_.RunPosted();
  FreeRetired();
}

void BackendLoop::AddReady(LoopObject* object) {
  if (object->ready_) return;
  object->ready_ = true;
  ready_.push_back(object);
}

void BackendLoop::Retire(LoopObject* object) {
  if (std::exchange(object->retired_, true)) return;
  if (!object->ready_) retired_.push_back(object);
}

void BackendLoop::ReadClock() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  now_us_ = static_cast<uint64_t>(now.tv_sec) * 1'000'000 + static_cast<uint64_t>(now.tv_nsec) / 1'000;
  timers_.SetNow(now_us_ / 1'000);
}

void BackendLoop::RunReady() {
  for (int round = 0; round < kReadyRounds && !ready_.empty(); ++round) {
    ready_.swap(running_);
    for (LoopObject* object : running_) {
      object->ready_ = false;
      if (object->retired_) {
        retired_.push_back(object);
      } else if (!object->closed_) {
        object->OnReady();
      }
    }
    running_.clear();
  }
}

void BackendLoop::FreeRetired() {
  // Freeing lets go of slices only; nothing is retired meanwhile.
  for (LoopObject* object : retired_) delete object;
  retired_.clear();
}

}  // namespace fairlead::event
