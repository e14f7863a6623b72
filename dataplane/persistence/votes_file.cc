#include "dataplane/persistence/votes_file.h"

#include <algorithm>
#include <climits>
#include <optional>
#include <random>
#include <utility>

#include "dataplane/persistence/frames.h"

namespace fairlead::persistence {

std::string MakeVotesFile(const VotePieces& pieces) {
  std::random_device random;
  std::string file = MakeHeader(uint64_t{random()} << 32 | random());
  FrameWriter frames(ChecksumOf(file));
  for (const auto& votes : pieces) frames.Append(FrameType::kVotes, votes->SerializeAsString(), file);
  frames.Append(FrameType::kVotesEnd, {}, file);
  return file;
}

absl::StatusOr<std::vector<Vote>> ReadVotesFile(std::string_view file) {
  absl::StatusOr<FrameReader> reader = FrameReader::Open(file);
  if (!reader.ok()) return reader.status();
  std::vector<Vote> votes;
  bool is_whole = false;
  while (const std::optional<FrameReader::Frame> frame = reader->Next()) {
    is_whole = frame->type == FrameType::kVotesEnd;
    if (is_whole) break;
    Votes piece;
    const bool can_be_read = frame->type == FrameType::kVotes && frame->payload.size() <= INT_MAX &&
                             piece.ParseFromArray(frame->payload.data(), static_cast<int>(frame->payload.size()));
    if (!can_be_read) break;
    std::move(piece.mutable_votes()->begin(), piece.mutable_votes()->end(), std::back_inserter(votes));
  }
  if (!is_whole || !reader->at_end()) return absl::DataLossError("it is damaged");
  std::sort(votes.begin(), votes.end(), [](const Vote& a, const Vote& b) { return a.arrival() < b.arrival(); });
  return votes;
}

}  // namespace fairlead::persistence
