#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "dataplane/persistence/votes.pb.h"

namespace fairlead::persistence {

// The votes of one moment, in pieces; shared with whoever made them, and unchanging.
using VotePieces = std::vector<std::shared_ptr<const Votes>>;

// A file of frames, as those of state, that holds votes and their number. It is read whole or not at all.
std::string MakeVotesFile(const VotePieces& pieces);
// Any text. DATA_LOSS: it is damaged. FAILED_PRECONDITION: a later version of
// this program wrote it.
absl::StatusOr<std::vector<ServerVotes>> ReadVotesFile(std::string_view file);

}  // namespace fairlead::persistence
