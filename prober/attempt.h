#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "dataplane/event/loop.h"
#include "dataplane/event/timer_wheel.h"

namespace fairlead::prober {

// How a check ended.
struct Outcome {
  bool success = false;
  // For people: what was right, or what failed. UTF-8 that can be printed, at most kMaxReason bytes.
  std::string reason;
};

inline constexpr size_t kMaxReason = 256;  // of a report

// Of any bytes, what can stand in a reason: others become '?', and what is too long is cut.
std::string Printable(std::string_view text, size_t most = kMaxReason);

// Of a check that took longer than it may, and of what it waited for.
Outcome TimedOut(uint64_t timeout_ms, std::string_view stage);

// One check under way. Owned by who has begun it, on the loop's thread; destroying it ends it without a word. How long
// it may take is its owner's business.
class Attempt {
 public:
  // Called once, from a turn of the loop, never from within a function of the attempt; may destroy it.
  using OnOutcome = absl::AnyInvocable<void(Outcome)>;

  virtual ~Attempt() = default;
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  // What it waits for, to be told where it took too long: "connect", "TLS handshake".
  virtual std::string_view stage() const = 0;

 protected:
  Attempt(event::Loop* loop, OnOutcome on_outcome) : loop_(*loop), on_outcome_(std::move(on_outcome)) {}

  event::Loop& loop() { return loop_; }
  bool finished() const { return finished_; }
  // The outcome, of which the owner hears next. What is found afterwards changes nothing.
  void Finish(bool success, std::string_view reason);

 private:
  event::Loop& loop_;
  OnOutcome on_outcome_;
  Outcome outcome_;
  bool finished_ = false;
  event::Timer tell_{[](void* self) {
                       auto* attempt = static_cast<Attempt*>(self);
                       auto on_outcome = std::move(attempt->on_outcome_);
                       on_outcome(std::move(attempt->outcome_));
                     },
                     this};
};

}  // namespace fairlead::prober
