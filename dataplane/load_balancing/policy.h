#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "dataplane/config/backend.h"

namespace fairlead::load_balancing {

// A source of random numbers of one worker: cheap, not for secrets.
class Random;

// How one worker chooses among one backend's servers. Owned by the worker's state of the backend and used on its thread
// alone; knows slots and weights, nothing else of servers.
class Policy {
 public:
  // No slot to avoid.
  static constexpr config::ServerSlot kNone = UINT32_MAX;

  virtual ~Policy() = default;

  // Adds a server, changes its weight, or (weight 0) takes it out. The others keep their place in the rotation, and so does
  // this one where its weight did not change. `active_requests` outlives the server's stay. O(log n).
  virtual void SetWeight(config::ServerSlot slot, uint32_t weight, const std::atomic<uint32_t>* active_requests) = 0;

  // The server for the next request, another than `avoid` if there is one; none when no server has a weight. O(log n).
  virtual std::optional<config::ServerSlot> Pick(config::ServerSlot avoid) = 0;
};

// `random` outlives the policy. Workers rotate independently, so `random` also decides where each begins.
std::unique_ptr<Policy> MakePolicy(config::LoadBalancingPolicy policy, Random* random);

}  // namespace fairlead::load_balancing
