#include "ctl/stream_keeper.h"

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
int MillisecondsUntil(StreamKeeper::Clock::time_point time) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(time - StreamKeeper::Clock::now());
  return static_cast<int>(std::clamp<int64_t>(left.count(), 0, 3'600'000));
}

}  // namespace

StreamKeeper::StreamKeeper(Clock::duration timeout, int interrupts, Actions actions)
    : interrupts_(interrupts),
      actions_(std::move(actions)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      deadline_(Clock::now() + timeout),
      last_sent_(Clock::now()),
      last_heard_(last_sent_),
      thread_([this] { Run(); }) {}

StreamKeeper::~StreamKeeper() {
  Stop();
  close(wake_);
}

void StreamKeeper::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  Wake();
  if (thread_.joinable()) thread_.join();
}

void StreamKeeper::SetPace(Clock::duration interval, Clock::duration silence) {
  {
    const std::lock_guard lock(mutex_);
    interval_ = interval;
    silence_ = silence;
  }
  Wake();
}

void StreamKeeper::LiftTimeout() {
  const std::lock_guard lock(mutex_);
  deadline_.reset();
}

void StreamKeeper::NoteSent() {
  const std::lock_guard lock(mutex_);
  last_sent_ = Clock::now();
}

void StreamKeeper::NoteHeard() {
  const std::lock_guard lock(mutex_);
  last_heard_ = Clock::now();
}

StreamEnd StreamKeeper::end() const {
  const std::lock_guard lock(mutex_);
  return end_;
}

void StreamKeeper::Run() {
  while (Wait() && Act()) {
  }
}

bool StreamKeeper::Wait() {
  const std::optional<Clock::time_point> next = NextTime();
  // poll passes over a descriptor of -1.
  std::array<pollfd, 2> descriptors = {{{wake_, POLLIN, 0}, {interrupts_, POLLIN, 0}}};
  poll(descriptors.data(), descriptors.size(), next ? MillisecondsUntil(*next) : -1);
  uint64_t count = 0;
  if (descriptors[0].revents != 0) [[maybe_unused]]
    const ssize_t result = read(wake_, &count, sizeof(count));
  const std::lock_guard lock(mutex_);
  if (descriptors[1].revents != 0 && !stopping_) end_ = StreamEnd::kInterrupted;
  return !stopping_;
}

bool StreamKeeper::Act() {
  const Clock::time_point now = Clock::now();
  bool beat = false;
  bool ended = false;
  {
    const std::lock_guard lock(mutex_);
    if (end_ == StreamEnd::kNone && deadline_ && now >= *deadline_) end_ = StreamEnd::kTimedOut;
    if (end_ == StreamEnd::kNone && silence_ > Clock::duration::zero() && now - last_heard_ >= silence_) {
      end_ = StreamEnd::kSilent;
    }
    ended = end_ != StreamEnd::kNone;
    beat = !ended && interval_ > Clock::duration::zero() && now - last_sent_ >= interval_;
    if (beat) last_sent_ = now;
  }
  if (beat) actions_.beat();
  if (ended) actions_.cancel();
  return !ended;
}

std::optional<StreamKeeper::Clock::time_point> StreamKeeper::NextTime() const {
  const std::lock_guard lock(mutex_);
  std::optional<Clock::time_point> next = deadline_;
  const auto consider = [&next](Clock::time_point time) { next = next ? std::min(*next, time) : time; };
  if (interval_ > Clock::duration::zero()) consider(last_sent_ + interval_);
  if (silence_ > Clock::duration::zero()) consider(last_heard_ + silence_);
  return next;
}

void StreamKeeper::Wake() const {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t result = write(wake_, &one, sizeof(one));
}

}  // namespace fairlead::ctl
