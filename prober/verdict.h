#pragma once

#include <cstdint>

namespace fairlead::prober {

// What is believed of a server, from its checks in a row.
class Verdict {
 public:
  enum class State : uint8_t { kUnknown, kUp, kDown };

  // Takes in the outcome of a check. From kDown it takes `rise` that succeed to kUp; from others `fall` that fail to
  // kDown, and from kUnknown one that succeeds to kUp.
  void Add(bool success, uint32_t rise, uint32_t fall) {
    if (success == (state_ == State::kUp) && state_ != State::kUnknown) {
      against_ = 0;
    } else if (success && state_ == State::kUnknown) {
      Become(State::kUp);
    } else if (++against_ >= (success ? rise : fall)) {
      Become(success ? State::kUp : State::kDown);
    }
  }

  State state() const { return state_; }
  // Checks in a row that contradict the state.
  uint32_t against() const { return against_; }
  // It is about to change, or not known yet.
  bool in_doubt() const { return against_ > 0; }

 private:
  void Become(State state) {
    state_ = state;
    against_ = 0;
  }

  State state_ = State::kUnknown;
  uint32_t against_ = 0;
};

}  // namespace fairlead::prober
