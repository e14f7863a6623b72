#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/persistence/entry.pb.h"
#include "dataplane/persistence/votes.pb.h"
#include "fairlead/v1/control.pb.h"
#include "fairlead/v1/resources.pb.h"

namespace fairlead::persistence {

// What was saved when the program was last here.
struct Restored {
  v1::Snapshot config;
  v1::HistoryEntry revision;
  uint64_t leader_epoch = 0;
  Answers answers;
  std::vector<ServerVotes> votes;
};

}  // namespace fairlead::persistence
