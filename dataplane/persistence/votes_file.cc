#include "dataplane/persistence/votes_file.h"

#include <algorithm>
#include <climits>
#include <iterator>
#include <optional>
#include <utility>

#include "dataplane/persistence/frames.h"

namespace fairlead::persistence {

std::string MakeVotesFile(const VotePieces& pieces) {
  std::string file = MakeHeader();
  FrameWriter frames(ChecksumOf(file));
  for (const auto& votes : pieces) frames.Append(FrameType::kVotes, votes->SerializeAsString(), file);
  frames.Append(FrameType::kVotesEnd, {}, file);
  return file;
}

absl::StatusOr<std::vector<ServerVotes>> ReadVotesFile(std::string_view file) {
  absl::StatusOr<FrameReader> reader = FrameReader::Open(file);
  if (!reader.ok()) return reader.status();
  std::vector<ServerVotes> votes;
  bool is_whole = false;
  while (const std::optional<FrameReader::Frame> frame = reader->Next()) {
    is_whole = frame->type == FrameType::kVotesEnd;
    if (is_whole) break;
    Votes piece;
    const bool can_be_read = frame->type == FrameType::kVotes && frame->payload.size() <= INT_MAX &&
                             piece.ParseFromArray(frame->payload.data(), static_cast<int>(frame->payload.size()));
    if (!can_be_read) break;
    std::move(piece.mutable_servers()->begin(), piece.mutable_servers()->end(), std::back_inserter(votes));
  }
  if (!is_whole || !reader->at_end()) return absl::DataLossError("it is damaged");
  return votes;
}

}  // namespace fairlead::persistence
