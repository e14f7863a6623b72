#include "controlplane-mock/desired_state.h"

#include <algorithm>
#include <utility>

#include "api/fingerprint/fingerprint.h"

namespace fairlead::controlplane_mock {

StatePtr MakeState(v1::Snapshot snapshot) {
  std::string fingerprint = api::OfSnapshot(snapshot).ToHex();
  return std::make_shared<const State>(State{std::move(snapshot), std::move(fingerprint)});
}

void DesiredState::Set(v1::Snapshot snapshot) {
  // The empty state before the first Set was nobody's wish.
  if (generation_ == 0) states_.clear();
  ++generation_;
  StatePtr state = MakeState(std::move(snapshot));
  const auto same = std::find_if(states_.begin(), states_.end(),
                                 [&](const StatePtr& other) { return other->fingerprint == state->fingerprint; });
  if (same != states_.end()) states_.erase(same);
  states_.push_back(std::move(state));
  if (states_.size() > kRemembered) states_.pop_front();
}

StatePtr DesiredState::Find(const std::string& fingerprint) const {
  for (const StatePtr& state : states_) {
    if (state->fingerprint == fingerprint) return state;
  }
  return nullptr;
}

}  // namespace fairlead::controlplane_mock
