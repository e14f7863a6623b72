#include "ctl/stream_limits.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace fairlead::ctl {
namespace {

// What poll takes: rounded up, so that it does not return just before the time.
int MillisecondsUntil(StreamLimits::Clock::time_point time) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(time - StreamLimits::Clock::now());
  return static_cast<int>(std::clamp<int64_t>(left.count(), 0, 3'600'000));
}

}  // namespace

StreamLimits::StreamLimits(Clock::duration timeout, int interrupts, std::function<void()> cancel)
    : interrupts_(interrupts),
      cancel_(std::move(cancel)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      deadline_(Clock::now() + timeout),
      thread_([this] { Run(); }) {}

StreamLimits::~StreamLimits() {
  Stop();
  close(wake_);
}

void StreamLimits::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  Wake();
  if (thread_.joinable()) thread_.join();
}

void StreamLimits::SetSilence(Clock::duration silence) {
  {
    const std::lock_guard lock(mutex_);
    silence_ = silence;
  }
  Wake();
}

void StreamLimits::NoteHeard() {
  const std::lock_guard lock(mutex_);
  last_heard_ = Clock::now();
}

void StreamLimits::LiftTimeout() {
  const std::lock_guard lock(mutex_);
  deadline_.reset();
}

StreamEnd StreamLimits::end() const {
  const std::lock_guard lock(mutex_);
  return end_;
}

void StreamLimits::Run() {
  while (Wait()) {
    if (end() == StreamEnd::kNone) continue;
    cancel_();
    return;
  }
}

bool StreamLimits::Wait() {
  int timeout = -1;
  {
    const std::lock_guard lock(mutex_);
    const std::optional<Clock::time_point> next = NextLimit();
    if (next) timeout = MillisecondsUntil(*next);
  }
  // poll passes over a descriptor of -1.
  std::array<pollfd, 2> descriptors = {{{wake_, POLLIN, 0}, {interrupts_, POLLIN, 0}}};
  poll(descriptors.data(), descriptors.size(), timeout);
  uint64_t count = 0;
  if (descriptors[0].revents != 0) [[maybe_unused]]
    const ssize_t result = read(wake_, &count, sizeof(count));

  const std::lock_guard lock(mutex_);
  if (stopping_) return false;
  end_ = descriptors[1].revents != 0 ? StreamEnd::kInterrupted : ReachedLimit();
  return true;
}

std::optional<StreamLimits::Clock::time_point> StreamLimits::NextLimit() const {
  if (!silence_) return deadline_;
  const Clock::time_point silent = last_heard_ + *silence_;
  return deadline_ ? std::min(*deadline_, silent) : silent;
}

StreamEnd StreamLimits::ReachedLimit() const {
  const Clock::time_point now = Clock::now();
  if (deadline_ && now >= *deadline_) return StreamEnd::kTimedOut;
  if (silence_ && now - last_heard_ >= *silence_) return StreamEnd::kSilent;
  return StreamEnd::kNone;
}

void StreamLimits::Wake() const {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t result = write(wake_, &one, sizeof(one));
}

}  // namespace fairlead::ctl
