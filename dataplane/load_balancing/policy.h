#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "dataplane/config/slots.h"

namespace fairlead::load_balancing {

// How one worker chooses among one backend's servers. Owned by the worker's state of the backend and used on its thread
// alone; knows slots and weights, nothing else of servers. Memory follows the highest slot ever used: each policy takes
// at most 24 bytes for a slot. MakePolicy (make_policy.h) makes one.
class Policy {
 public:
  // No slot to avoid.
  static constexpr config::ServerSlot kNone = UINT32_MAX;

  virtual ~Policy() = default;

  // Adds a server, changes its weight, or (weight 0) takes it out. The others keep their place in the rotation, and so
  // does this one where its weight did not change. `weight` is at most 65,535, as in the API. `active_requests`, the
  // requests that the server is answering, outlives the server's stay; it may be null with weight 0. O(log n).
  virtual void SetWeight(config::ServerSlot slot, uint32_t weight, const std::atomic<uint32_t>* active_requests) = 0;

  // The server for the next request, another than `avoid` if there is one; none when no server has a weight. O(log n).
  virtual std::optional<config::ServerSlot> Pick(config::ServerSlot avoid) = 0;
};

}  // namespace fairlead::load_balancing
