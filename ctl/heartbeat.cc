#include "ctl/heartbeat.h"

#include <utility>

namespace fairlead::ctl {

Heartbeat::Heartbeat(Clock::duration interval, std::function<void()> send)
    : interval_(interval), send_(std::move(send)), thread_([this] { Run(); }) {}

Heartbeat::~Heartbeat() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stopped_.notify_one();
  thread_.join();
}

void Heartbeat::NoteSent() {
  const std::lock_guard lock(mutex_);
  last_sent_ = Clock::now();
}

void Heartbeat::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (Clock::now() - last_sent_ >= interval_) {
      last_sent_ = Clock::now();
      lock.unlock();
      send_();
      lock.lock();
    }
    const Clock::time_point next = last_sent_ + interval_;
    stopped_.wait_until(lock, next, [this] { return stopping_; });
  }
}

}  // namespace fairlead::ctl
