#pragma once

#include <cstdint>
#include <random>

#include "dataplane/base/backoff.h"

namespace fairlead::control {

// How long a proxy that has tried all its controllers waits before it tries them again.
//
// Where one of them has sent it on ("I do not lead"), an election is under way or about to be: it is back soon, after a
// random time of at least 0.1 s, and of at most 0.25 s or a tenth of the time for which it has been looking, whichever
// is more. So a leader is found within a tenth of the time that there was none, and a fleet of a thousand does not dial
// each controller more than some 6,000 times a second, nor for long: 1,800 after 10 s, 350 after a minute.
//
// Where nobody was there, or one has refused it, who will hardly think better of it in a second, it waits longer each
// time (Backoff).
//
// Belongs to a Dialer; has no clock of its own.
class RedialPause {
 public:
  // What became of dialling one of them.
  enum class Result {
    kNobody,   // not reached, or reached and silent
    kSentOn,   // it spoke, but does not lead (any more)
    kRefusal,  // it does not want this proxy, or speaks another language
  };

  // All times are of one clock, in ms.
  RedialPause(uint32_t seed, uint64_t now_ms) : looking_since_ms_(now_ms), random_(seed), backoff_(seed) {}

  // A conversation that had lasted is over: now it begins to look for another.
  void BeginAnew(uint64_t now_ms);
  // It had a shorter one: so long it was not looking.
  void NoteConversation(uint64_t lasted_ms) { looking_since_ms_ += lasted_ms; }
  void Note(Result result);
  // After a round, of which everything has been noted.
  uint64_t NextMs(uint64_t now_ms);

  static constexpr uint64_t kLeastMs = 100;
  static constexpr uint64_t kSoonMs = 250;

 private:
  uint64_t looking_since_ms_;
  bool sent_on_ = false;  // by one of this round
  bool refused_ = false;
  std::mt19937 random_;
  base::Backoff backoff_;
};

}  // namespace fairlead::control
