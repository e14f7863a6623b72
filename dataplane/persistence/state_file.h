#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "dataplane/persistence/frames.h"
#include "dataplane/persistence/history.h"
#include "dataplane/persistence/image.h"
#include "dataplane/persistence/record.h"

namespace fairlead::persistence {

// What a file of state says, up to its end or to the first thing in it that is not as it was written.
struct StateFile {
  Image image;
  // Of the whole records at its beginning, and the checksum that another record would go on from.
  uint64_t good_bytes = 0;
  uint32_t checksum = 0;
  uint64_t first_bytes = 0;  // up to the end of the first record, which is all that there was when the file was made
  // Where and how it is damaged; empty: nowhere. A record that was not written to its end is damage, too.
  std::string damage;
};

// A record as frames of a file, the entry last.
using Frames = std::vector<std::pair<FrameType, std::string>>;
Frames MakeFrames(const Record& record);

// Any text. `earlier`: what the file of history says of revisions before the file's first. DATA_LOSS: there is no whole
// state in it. FAILED_PRECONDITION: a later version of this program wrote it.
absl::StatusOr<StateFile> ReadStateFile(std::string_view file, const History& earlier = {});

}  // namespace fairlead::persistence
