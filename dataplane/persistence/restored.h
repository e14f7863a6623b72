#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/persistence/entry.pb.h"
#include "dataplane/persistence/history.h"
#include "dataplane/persistence/votes.pb.h"
#include "fairlead/v1/resources.pb.h"

namespace fairlead::persistence {

// What was saved when the program was last here.
struct Restored {
  v1::Snapshot config;
  // The newest is what the config is of. None: a leader was heard, and nothing was applied.
  History history;
  uint64_t leader_epoch = 0;
  Answers answers;
  std::vector<ServerVotes> votes;
};

}  // namespace fairlead::persistence
