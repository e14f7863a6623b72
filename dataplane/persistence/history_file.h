#pragma once

#include <string>
#include <string_view>

#include "dataplane/persistence/history.h"

namespace fairlead::persistence {

// What the file of history says, up to its end or to the first thing in it that is not as it was written.
struct HistoryFile {
  History history;
  // Empty: it is whole.
  std::string damage;
};

// A file of frames, as those of state, that holds revisions, the newest first: what is damaged costs those before it.
std::string MakeHistoryFile(const History& history);
// Any text.
HistoryFile ReadHistoryFile(std::string_view file);

}  // namespace fairlead::persistence
