#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "fairlead/v1/health.pb.h"
#include "prober/vote.h"

namespace fairlead::prober {

// What one proxy is to be told: of each server the last vote alone, so that a proxy that is away costs no more than the
// servers do. What was sent stays, to be sent again on the next stream, as long as it lives.
//
// Knows neither threads nor clocks: its owner has them.
class Outbox {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Takes the place of the server's vote before.
  void Put(std::shared_ptr<const Vote> vote);

  bool empty() const { return unsent_.empty(); }
  // Reports of up to `most` of the votes that were not sent yet, the oldest first, each with what is left of its life;
  // those whose life is over are left out. `sequence` counts them.
  v1::HealthReportBatch Take(size_t most, Time now, uint64_t& sequence);
  // The proxy has answered the batch.
  void OnAnswered() { withdrawing_.clear(); }
  // What was sent may be lost, or forgotten: all of it is to be sent once more.
  void Begin();

  // Servers that it has a vote on.
  size_t size() const { return votes_.size(); }

 private:
  struct Entry {
    std::shared_ptr<const Vote> vote;
    bool unsent = false;
  };

  // By "web/w1".
  absl::flat_hash_map<std::string, Entry> votes_;
  std::vector<std::string> unsent_;
  // Of a batch under way: withdrawn votes, which are over once the proxy knows.
  std::vector<std::shared_ptr<const Vote>> withdrawing_;
};

}  // namespace fairlead::prober
