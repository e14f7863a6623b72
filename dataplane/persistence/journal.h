#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "dataplane/event/loop.h"
#include "dataplane/persistence/condition.h"
#include "dataplane/persistence/record.h"
#include "dataplane/persistence/restored.h"
#include "dataplane/persistence/system_calls.h"
#include "dataplane/persistence/votes_file.h"

namespace fairlead::persistence {

// The state on disk (--state_dir): reads what is there, and saves what is handed to it, on a thread of its own. Nothing
// here waits for a disk but Open and the end.
//
// On the control thread, owned by the server.
class Journal {
 public:
  struct Options {
    std::string directory;
    event::Loop* loop = nullptr;  // of the control thread; outlives the journal
    // Lines for people. From both threads.
    std::function<void(std::string_view)> say;
    SystemCalls calls = {};
    uint64_t now_ms = 0;  // Unix time
  };

  // Holds the directory, and reads what is in it. What is damaged is said; a revision that was on trial is changed
  // back. Errors: the directory can't be used (StateDirectory), or a later version of this program wrote to it.
  static absl::StatusOr<std::unique_ptr<Journal>> Open(Options options);
  // Writes what it was given.
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Once; nothing where nothing was saved.
  std::optional<Restored> TakeRestored();
  // Files that were found damaged.
  int damaged_files() const;

  // From here on `on_condition` is told how saving fares, whenever that is another. A record of everything is to be
  // given when `need_all` asks for it.
  void Start(absl::AnyInvocable<void(const Condition&)> on_condition, absl::AnyInvocable<void()> need_all);

  // Saves it; the number that it returns is that of Condition::saved_number.
  uint64_t Append(Record record);
  // Saves these in the place of those before.
  void SaveVotes(VotePieces votes);
  const Condition& condition() const;

 private:
  struct Impl;
  explicit Journal(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fairlead::persistence
