#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/config/server.h"

namespace fairlead::health {

// What is to outlive the process about one server: who says what with which lease, and what was decided. Times are told
// by how long ago, or how long from now, so that they mean something to another clock.
struct StoredServer {
  struct Vote {
    std::string reporter;
    config::Health health = config::Health::kUnknown;  // what it counts as
    config::Health said = config::Health::kUnknown;    // what its last report said
    uint32_t run = 0;
    uint64_t incarnation = 0;
    uint64_t sequence = 0;
    uint64_t ttl_ms = 0;
    uint64_t left_ms = 0;           // of its lease; 0: it has ended, and only the numbers are of use
    uint64_t ended_ms_ago = 0;      // then
    bool after_controller = false;  // it came after the controller's word, if there is one
    std::string reason;
  };

  std::string backend;
  std::string server;
  config::Health health = config::Health::kUnknown;
  bool by_controller = false;
  uint64_t since_ms_ago = 0;
  uint64_t since_revision = 0;
  uint64_t side_since_ms_ago = 0;
  bool silent = false;  // nobody votes, since then
  uint64_t silent_since_ms_ago = 0;
  config::Health votes_said = config::Health::kUnknown;  // the last that votes decided: UP or DOWN
  // Its backend's fail-safe let it be taken out, or holds that back, since then; neither: it has no part in it.
  std::optional<uint64_t> taken_ms_ago{};
  std::optional<uint64_t> held_ms_ago{};
  double penalty = 0;
  bool suppressed = false;
  std::vector<Vote> votes;  // in the order in which they came
};

}  // namespace fairlead::health
