#include "dataplane/persistence/history_file.h"

#include <climits>
#include <optional>
#include <utility>

#include "dataplane/base/absl_strings.h"
#include "dataplane/persistence/frames.h"

namespace fairlead::persistence {

std::string MakeHistoryFile(const History& history) {
  std::string file = MakeHeader();
  FrameWriter frames(ChecksumOf(file));
  for (const Revision& revision : history.revisions()) {
    frames.Append(FrameType::kRevision, revision.SerializeAsString(), file);
  }
  frames.Append(FrameType::kHistoryEnd, {}, file);
  return file;
}

HistoryFile ReadHistoryFile(std::string_view file) {
  HistoryFile read;
  absl::StatusOr<FrameReader> reader = FrameReader::Open(file);
  if (!reader.ok()) {
    read.damage = std::string(base::FromAbsl(reader.status().message()));
    return read;
  }
  bool is_whole = false;
  while (const std::optional<FrameReader::Frame> frame = reader->Next()) {
    is_whole = frame->type == FrameType::kHistoryEnd;
    if (is_whole) break;
    Revision revision;
    const bool is_revision = frame->type == FrameType::kRevision && frame->payload.size() <= INT_MAX &&
                             revision.ParseFromArray(frame->payload.data(), static_cast<int>(frame->payload.size())) &&
                             read.history.AddOlder(std::move(revision));
    if (!is_revision) break;
  }
  if (!is_whole || !reader->at_end()) read.damage = base::StrCat("it is damaged at byte ", reader->position());
  return read;
}

}  // namespace fairlead::persistence
