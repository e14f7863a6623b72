#include "dataplane/persistence/state_file.h"

#include <climits>
#include <optional>
#include <utility>
#include <vector>

#include "dataplane/base/absl_strings.h"
#include "dataplane/persistence/redo.h"

namespace fairlead::persistence {
namespace {

template <typename Message>
bool Parse(std::string_view bytes, Message& message) {
  return bytes.size() <= INT_MAX && message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

// The frames of one record, which count when its entry is there.
struct Pending {
  std::vector<v1::Transaction> changes;
  std::vector<Answers> answers;
};

// False: the payload is none of its type.
bool Take(const FrameReader::Frame& frame, Pending& pending, std::optional<Entry>& entry) {
  switch (frame.type) {
    case FrameType::kChange:
      return Parse(frame.payload, pending.changes.emplace_back());
    case FrameType::kAnswers:
      return Parse(frame.payload, pending.answers.emplace_back());
    case FrameType::kEntry:
      return Parse(frame.payload, entry.emplace());
    default:
      return false;
  }
}

}  // namespace

Frames MakeFrames(const Record& record) {
  Frames frames;
  if (record.change != nullptr) {
    const auto change = record.undo.empty() ? record.change : MakeRedo(record.change, record.undo);
    frames.emplace_back(FrameType::kChange, change->SerializeAsString());
  }
  if (record.answers.answers_size() > 0) {
    frames.emplace_back(FrameType::kAnswers, record.answers.SerializeAsString());
  }
  frames.emplace_back(FrameType::kEntry, record.entry.SerializeAsString());
  return frames;
}

absl::StatusOr<StateFile> ReadStateFile(std::string_view bytes, const History& earlier) {
  absl::StatusOr<FrameReader> reader = FrameReader::Open(bytes);
  if (!reader.ok()) return reader.status();
  StateFile file;
  Pending pending;
  while (const std::optional<FrameReader::Frame> frame = reader->Next()) {
    std::optional<Entry> entry;
    if (!Take(*frame, pending, entry)) break;
    if (!entry.has_value()) continue;
    const bool is_first = file.good_bytes == 0;
    // A file begins with all that there is; after that, none is left out.
    if (is_first ? pending.changes.empty() || !pending.changes[0].has_snapshot()
                 : entry->number() != file.image.number() + 1) {
      break;
    }
    for (const v1::Transaction& change : pending.changes) file.image.Change(change);
    for (const Answers& answers : pending.answers) file.image.Add(answers);
    file.image.End(*entry);
    if (is_first) file.image.GoOnFrom(earlier);
    pending = {};
    file.good_bytes = reader->position();
    file.checksum = reader->checksum();
    if (is_first) file.first_bytes = file.good_bytes;
  }
  if (file.good_bytes == 0) {
    return absl::DataLossError(base::StrCat("it is damaged at byte ", reader->position(), ", before any whole state"));
  }
  if (file.good_bytes != bytes.size()) {
    file.damage = base::StrCat("damaged, or not written to its end, at byte ", file.good_bytes, " of ", bytes.size());
  }
  return file;
}

}  // namespace fairlead::persistence
