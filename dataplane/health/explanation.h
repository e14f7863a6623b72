#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/config/server.h"
#include "dataplane/health/decision.h"
#include "dataplane/health/finding.h"
#include "dataplane/health/judgement.h"

namespace fairlead::health {

// All that is behind a decision on a server, for people and programs (v1::Explanation). Times are told by how long ago,
// or how long from now, in milliseconds.
struct Explanation {
  struct Vote {
    std::string reporter;
    std::string failure_domain;
    uint32_t weight = 1;
    config::Health health = config::Health::kUnknown;  // what it counts as; kUnknown: it abstains
    config::Health said = config::Health::kUnknown;    // what its last report said
    uint32_t run = 0;                                  // reports in a row that said so, and how many change the vote
    uint32_t run_needed = 0;                           // 0: it says that already
    uint64_t age_ms = 0;
    uint64_t left_ms = 0;  // 0: its lease has ended
    uint64_t incarnation = 0;
    uint64_t sequence = 0;
    bool counts = false;
    std::string reason;
    std::string note;  // why it does not count; empty: it does
  };
  struct Controller {
    config::Health health = config::Health::kUnknown;
    uint64_t age_ms = 0;
    bool overruled = false;  // by votes that came later
    std::string reason;
  };
  struct FailSafe {
    size_t in_service = 0;
    size_t limit = 0;
    size_t taken = 0;
    size_t held = 0;
  };
  struct Past {
    uint64_t ago_ms = 0;
    config::Health from = config::Health::kUnknown;
    config::Health to = config::Health::kUnknown;
    std::string decided_by;
    uint64_t revision = 0;
  };

  Decision decision;
  bool in_service = false;
  std::string rule;         // "DOWN by 2 votes from 2 failure domains; …"
  std::vector<Vote> votes;  // by name
  std::optional<Controller> controller;
  Tally tally;
  config::Health found = config::Health::kUnknown;  // what the words come to by themselves; kUnknown too: nothing
  Hold hold;
  uint64_t hold_left_ms = 0;  // 0: no time ends it
  double penalty = 0;
  bool suppressed = false;
  std::optional<FailSafe> fail_safe;
  std::vector<std::string> changes;  // what would change it, one way each
  std::vector<Past> past;            // decisions, the newest first
};

}  // namespace fairlead::health
