#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "dataplane/event/loop.h"
#include "dataplane/persistence/condition.h"
#include "dataplane/persistence/file_writer.h"
#include "dataplane/persistence/frames.h"
#include "dataplane/persistence/history.h"
#include "dataplane/persistence/record.h"
#include "dataplane/persistence/state_directory.h"
#include "dataplane/persistence/state_file.h"
#include "dataplane/persistence/system_calls.h"
#include "dataplane/persistence/votes_file.h"

namespace fairlead::persistence {

// Writes records into the two files of a state directory, each of which says all that there is: what is damaged in one
// is whole in the other. Records that come together are written together. A file that has grown to more than twice of
// what it began with is written anew, from the other, while the other is appended to; so is one that is missing,
// damaged, or could not be written. Where neither can be read or written, records wait; where too many do, the whole
// state is asked for instead.
//
// A file that is written anew does not say any more how it came to be: the file of history does, which is put in place
// before it. So that is as long as a file of the state is short, and the other way round; nothing is written twice for
// it, no change waits for it, and where it can't be written, history alone is lost.
//
// On the thread of its loop, made and destroyed there, owned by the journal; a thread of its own reads and writes a
// whole file where one is written anew.
class Writer {
 public:
  static constexpr std::array<const char*, 2> kNames = {"state-a", "state-b"};
  static constexpr char kVotesName[] = "votes";
  static constexpr char kHistoryName[] = "history";
  // How long something that could not be written waits to be tried again.
  static constexpr uint64_t kRetryMs = 1'000;
  // Bytes of records that wait for a disk, beyond which they are dropped for a record of everything.
  static constexpr size_t kMaxWaitingBytes = size_t{64} << 20;
  // What a file may grow by, beyond twice of what it began with and the file of history, which is written before it.
  static constexpr uint64_t kSpareBytes = uint64_t{1} << 20;

  // A file that is there, as it was read: what it says up to this number is kept.
  struct Start {
    uint64_t number = 0;
    uint64_t good_bytes = 0;
    uint64_t first_bytes = 0;  // of the record that it began with
    uint32_t checksum = 0;
  };

  struct Options {
    event::Loop* loop = nullptr;
    const StateDirectory* directory = nullptr;
    const SystemCalls* calls = nullptr;
    // Lines for people.
    std::function<void(std::string_view)> say;
    // After everything that was done.
    absl::AnyInvocable<void(const Condition&)> report;
    // A record of everything is to be taken: neither file is good, and what has come does not make one.
    absl::AnyInvocable<void()> need_all;
    uint64_t revision = 0;       // at the start
    uint64_t history_bytes = 0;  // of the file that is there
  };
  // `starts`: files that can be gone on with. Where there are none, `image` is what there is, if anything is known.
  Writer(Options options, const std::array<std::optional<Start>, 2>& starts, const Image* image);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Its number is the one after the last. Written soon.
  void Take(Record record);
  // Writes what waits.
  void Flush();
  // Writes the file of votes anew. Where that fails, the one before stays; the next are tried again.
  void SaveVotes(const VotePieces& votes);
  // Writes the file of history anew, likewise.
  void SaveHistory(const History& history);

 private:
  struct Waiting {
    uint64_t number = 0;
    uint64_t revision = 0;  // of it, or the last before
    bool is_whole = false;  // a file can begin with it
    size_t bytes = 0;
    Frames frames;
    std::shared_ptr<const History> history;
  };
  // One of the two files.
  struct Copy {
    const char* name = nullptr;
    std::optional<FileWriter> file;  // none: it is to be written anew
    uint64_t number = 0;             // of the last record in it
    uint64_t revision = 0;           // of it, or the last before
    uint64_t first_bytes = 0;
    bool failed = false;  // waits for kRetryMs to pass
  };
  // A file that is being written anew, by its own thread.
  struct Rewrite {
    size_t target = 0;
    size_t source = 0;
    uint64_t number = 0;      // what it says when it is done
    bool is_useless = false;  // records behind that are gone
    std::thread thread;
  };
  // What comes of that.
  struct Rewritten {
    absl::StatusOr<FileWriter> file;
    std::optional<absl::StatusOr<uint64_t>> history_bytes{};  // none: it did not come to that
  };

  bool AnyGood() const { return copies_[0].file.has_value() || copies_[1].file.has_value(); }
  // Writes what waits behind what the file has.
  absl::Status Append(Copy& copy);
  void MakeMissing();
  // Makes a file of what waits, if a file can begin with a part of that.
  void MakeFromWaiting(Copy& copy);
  // Makes a file that says what the image does.
  absl::Status MakeFrom(const Image& image, Copy& copy);
  // On a thread of its own: the first `bytes` of a file, read and written again in fewer bytes; before that, what it
  // says of revisions goes into the file of history.
  static Rewritten WriteAnew(const StateDirectory& directory, const SystemCalls& calls, const char* source,
                             uint64_t bytes, uint64_t number, const char* target);
  void RewriteOne();
  void StartRewrite(size_t target, size_t source);
  void OnRewritten(Rewritten anew);
  void ForgetWritten();
  void NoteHistory(const absl::StatusOr<uint64_t>& bytes);
  // How writing a file went that is replaced whole: where it failed, that is said once.
  void NoteReplaced(const char* name, const absl::Status& status, bool& failed);
  // The copy waits for kRetryMs.
  void Fail(Copy& copy, const absl::Status& status);
  void Say(const Copy& copy, const absl::Status& status);
  void Report();

  static void OnRetry(void* writer);

  Options options_;
  std::array<Copy, 2> copies_;
  std::deque<Waiting> waiting_;
  size_t waiting_bytes_ = 0;
  uint64_t last_number_ = 0;
  uint64_t last_revision_ = 0;
  bool flush_is_due_ = false;
  bool all_is_coming_ = false;
  bool votes_failed_ = false;
  bool history_failed_ = false;
  uint64_t history_bytes_ = 0;        // of the file of history
  bool rewrite_failed_ = false;       // waits for kRetryMs
  std::unique_ptr<Rewrite> rewrite_;  // null: none is
  event::Timer retry_timer_{&OnRetry, this};
  Condition condition_;
};

}  // namespace fairlead::persistence
