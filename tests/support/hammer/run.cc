#include "tests/support/hammer/run.h"

namespace fairlead::hammer {

using Clock = std::chrono::steady_clock;

Run::Run(const Options& options) : options_(options) {
  if (!options.log_path.empty()) log_.open(options.log_path);
}

std::optional<Clock::time_point> Run::WaitForTurn() {
  if (stopped_) return std::nullopt;
  uint64_t place = begun_++;
  if (options_.requests && place >= *options_.requests) return std::nullopt;
  Clock::time_point due = Clock::now();
  if (options_.rate > 0) due = begin_ + std::chrono::nanoseconds(place * 1'000'000'000 / options_.rate);
  if (options_.duration && due >= begin_ + *options_.duration) return std::nullopt;
  if (due > Clock::now()) {
    std::unique_lock lock(stop_mutex_);
    if (stop_condition_.wait_until(lock, due, [this] { return stopped_.load(); })) return std::nullopt;
  }
  return due;
}

void Run::Stop() {
  std::lock_guard lock(stop_mutex_);
  stopped_ = true;
  stop_condition_.notify_all();
}

void Run::Log(const Outcome& outcome) {
  if (!log_.is_open()) return;
  std::lock_guard lock(log_mutex_);
  log_ << outcome.start_ns << ' ' << outcome.end_ns << ' ' << outcome.status << ' '
       << (outcome.origin.empty() ? "-" : outcome.origin) << ' ' << outcome.path << ' ' << outcome.tag << ' '
       << (outcome.failure.empty() ? "ok" : outcome.failure) << '\n';
}

}  // namespace fairlead::hammer
