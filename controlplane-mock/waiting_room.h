#pragma once

#include <chrono>
#include <map>
#include <string>

#include "controlplane-mock/clock.h"

namespace fairlead::controlplane_mock {

// How long a controller that does not lead keeps a proxy that has dialled it. The proxy cannot be served here; it can
// be sent on to its next address, or be kept in case that this controller is elected:
//
//   - while nobody leads it is kept, for there is no better place;
//   - where somebody leads it is sent on at once; if it comes back soon, it has not found the leader, who may be dead
//     without its lease being over: now it is kept.
//
// Nobody is kept for longer than the patience, which is more than an election takes, so that a proxy that can't reach
// the leader goes on trying. Part of a Controller.
class WaitingRoom {
 public:
  // Who comes back within this time has gone round all addresses, with the proxy's pauses between the rounds.
  static constexpr std::chrono::seconds kSoon{30};

  explicit WaitingRoom(std::chrono::milliseconds patience) : patience_(patience) {}

  // Another leads now: whoever comes has not looked for that one yet.
  void OnNewLeader() { came_.clear(); }
  // A proxy has come; until when it may stay: `now` if it has to go.
  TimePoint Admit(const std::string& node_id, bool somebody_leads, TimePoint now);
  // Until when those may stay who are here already.
  TimePoint Patience(TimePoint now) const { return now + patience_; }

 private:
  const std::chrono::milliseconds patience_;
  std::map<std::string, TimePoint> came_;  // by node id: when it came last under this leader
};

}  // namespace fairlead::controlplane_mock
