#include "dataplane/access_log/writer.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace fairlead::access_log {

Writer::Writer(std::unique_ptr<Destination> destination, std::vector<Ring*> rings, WakeUp* wake_up,
               std::function<void(std::string_view)> say)
    : destination_(std::move(destination)),
      rings_(std::move(rings)),
      wake_up_(wake_up),
      say_(std::move(say)),
      thread_([this] { Run(); }) {}

Writer::~Writer() {
  if (thread_.joinable()) Finish(std::chrono::milliseconds(0));
}

void Writer::Reopen() {
  reopen_.store(true);
  wake_up_->Now();
}

void Writer::Finish(std::chrono::milliseconds patience) {
  deadline_.store((Clock::now() + patience).time_since_epoch().count());
  finish_.store(true);
  wake_up_->Now();
  thread_.join();
}

void Writer::Run() {
  while (true) {
    const bool finish = finish_.load();  // before the look at the rings
    if (reopen_.exchange(false)) ReopenDestination();
    const uint64_t written_before = written_.value();
    const int error = WriteRings();
    if (error == 0 && failing_) {
      failing_ = false;
      say_("access log: written again");
    }
    if (finish && error == 0 && RingsAreEmpty()) return;
    if (finish && Clock::now().time_since_epoch().count() >= deadline_.load()) return SayWhatIsLost();
    Wait(error, written_.value() != written_before);
  }
}

void Writer::ReopenDestination() {
  // What the old one has of a line it gets the rest of, if it takes it.
  if (mid_line_) WriteRing(rings_[first_ring_]);
  if (absl::Status status = destination_->Reopen(); !status.ok()) {
    CountError(absl::StrCat("access log: can't be reopened: ", status.message()));
  } else {
    mid_line_ = false;
  }
}

int Writer::WriteRings() {
  for (size_t i = 0; i < rings_.size(); ++i) {
    const size_t index = (first_ring_ + i) % rings_.size();
    const int error = WriteRing(rings_[index]);
    if (error == 0) continue;
    first_ring_ = index;
    if (error != EAGAIN) CountError(absl::StrCat("access log: can't be written: ", std::strerror(error)));
    return error;
  }
  return 0;
}

int Writer::WriteRing(Ring* ring) {
  // Twice, since a ring's lines come in two pieces: those up to its end, and those from its beginning on.
  for (int pieces = 0; pieces < 2;) {
    const std::string_view lines = ring->Lines();
    if (lines.empty()) return 0;
    const Destination::Result result = destination_->Write(lines);
    ring->Consume(result.taken);
    written_.Add(result.lines);
    unfit_.Add(result.unfit);
    errors_.Add(result.unfit);
    mid_line_ = result.mid_line;
    if (result.error == EINTR) continue;
    if (result.error != 0) return result.error;
    if (!mid_line_) ++pieces;
  }
  return 0;
}

bool Writer::RingsAreEmpty() {
  return std::all_of(rings_.begin(), rings_.end(), [](Ring* ring) { return ring->Lines().empty(); });
}

void Writer::Wait(int error, bool wrote) {
  if (error == EAGAIN) return Poll(/*for_room=*/true, kRetry);
  if (error != 0) return Poll(/*for_room=*/false, kRetry);
  if (wrote) return Poll(/*for_room=*/false, kPause);
  wake_up_->FallAsleep();
  const bool sleep = RingsAreEmpty();
  if (sleep) Poll(/*for_room=*/false, std::chrono::milliseconds(-1));
  if (!sleep) wake_up_->Awake();
}

void Writer::Poll(bool for_room, std::chrono::milliseconds timeout) {
  if (finish_.load()) {
    const Clock::duration left = Clock::time_point(Clock::duration(deadline_.load())) - Clock::now();
    const auto most = std::max(std::chrono::ceil<std::chrono::milliseconds>(left), std::chrono::milliseconds(0));
    timeout = timeout.count() < 0 ? most : std::min(timeout, most);
  }
  pollfd events[] = {{.fd = wake_up_->fd(), .events = POLLIN, .revents = 0},
                     {.fd = destination_->fd(), .events = POLLOUT, .revents = 0}};
  poll(events, for_room ? 2 : 1, static_cast<int>(timeout.count()));
  wake_up_->Awake();
}

void Writer::CountError(const std::string& what) {
  errors_.Increment();
  if (!std::exchange(failing_, true)) say_(what);
}

void Writer::SayWhatIsLost() {
  uint64_t lines = 0;
  for (Ring* ring : rings_) {
    for (std::string_view some = ring->Lines(); !some.empty(); some = ring->Lines()) {
      lines += std::count(some.begin(), some.end(), '\n');
      ring->Consume(some.size());
    }
  }
  if (lines > 0) say_(absl::StrCat("access log: ", lines, " lines were not written"));
}

}  // namespace fairlead::access_log
