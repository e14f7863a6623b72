#pragma once

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "dataplane/event/loop.h"
#include "dataplane/event/timer_wheel.h"
#include "dataplane/persistence/condition.h"
#include "dataplane/persistence/history.h"
#include "dataplane/persistence/history.pb.h"
#include "dataplane/persistence/image.h"
#include "dataplane/persistence/journal.h"
#include "dataplane/persistence/record.h"
#include "dataplane/persistence/restored.h"
#include "dataplane/persistence/system_calls.h"
#include "dataplane/persistence/test_records.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fairlead::persistence {

// A disk that refuses as it is told, by files' names: "state-a" stands for "state-a.new", too.
class FaultyDisk {
 public:
  struct Faults {
    int write_error = 0;       // every write fails
    int write_half = 0;        // every write takes half of what it is given, and the next one fails with this
    bool write_short = false;  // every write takes one byte in three
    int sync_error = 0;
    int truncate_error = 0;
    int rename_error = 0;
  };

  void Set(const std::string& name, const Faults& faults) {
    const std::lock_guard<std::mutex> lock(mutex_);
    faults_[name] = faults;
  }
  void SetBoth(const Faults& faults) {
    Set("state-a", faults);
    Set("state-b", faults);
  }

  SystemCalls Calls() {
    SystemCalls calls;
    calls.open = [this](int directory, const char* name, int flags, mode_t mode) {
      const int fd = openat(directory, name, flags, mode);
      const std::lock_guard<std::mutex> lock(mutex_);
      names_[fd] = std::string(name).substr(0, std::string(name).find(".new"));
      return fd;
    };
    calls.write = [this](int fd, const void* bytes, size_t size) -> ssize_t {
      const Faults faults = Of(fd);
      if (faults.write_error != 0) return Fail(faults.write_error);
      if (faults.write_short) return write(fd, bytes, (size + 2) / 3);
      if (faults.write_half == 0) return write(fd, bytes, size);
      if (halves_++ % 2 == 1) return Fail(faults.write_half);
      return write(fd, bytes, (size + 1) / 2);
    };
    calls.sync = [this](int fd) { return Of(fd).sync_error != 0 ? Fail(Of(fd).sync_error) : fsync(fd); };
    calls.truncate = [this](int fd, off_t size) {
      return Of(fd).truncate_error != 0 ? Fail(Of(fd).truncate_error) : ftruncate(fd, size);
    };
    calls.rename = [this](int directory, const char* from, const char* to) {
      const int error = OfName(to).rename_error;
      return error != 0 ? Fail(error) : renameat(directory, from, directory, to);
    };
    return calls;
  }

 private:
  static int Fail(int error) {
    errno = error;
    return -1;
  }
  Faults OfName(const std::string& name) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return faults_[name];
  }
  Faults Of(int fd) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return faults_[names_[fd]];
  }

  std::mutex mutex_;
  std::map<int, std::string> names_;
  std::map<std::string, Faults> faults_;
  std::atomic<int> halves_ = 0;
};

class JournalTest : public testing::Test {
 protected:
  ~JournalTest() override {
    journal_ = nullptr;
    std::filesystem::remove_all(directory_);
  }

  absl::Status Open() {
    journal_ = nullptr;  // lets go of the directory
    auto journal = Journal::Open({.directory = directory_,
                                  .loop = loop_.get(),
                                  .say =
                                      [this](std::string_view line) {
                                        const std::lock_guard<std::mutex> lock(said_mutex_);
                                        said_.emplace_back(line);
                                      },
                                  .calls = disk_.Calls(),
                                  .now_ms = 1'000});
    if (!journal.ok()) return journal.status();
    journal_ = *std::move(journal);
    restored_ = journal_->TakeRestored();
    condition_ = {};
    journal_->Start([this](const Condition& condition) { condition_ = condition; }, [this] { SaveAll(); });
    return absl::OkStatus();
  }
  void OpenWell() {
    const absl::Status status = Open();
    ASSERT_TRUE(status.ok()) << status;
  }

  void Append(Record record) {
    RecordMaker::ApplyTo(all_, record);
    last_ = journal_->Append(std::move(record));
  }
  // One more server; `bytes`: how much it takes, about.
  void AppendServer(size_t bytes = 0) {
    const std::string id = "w" + std::to_string(++servers_);
    Append(maker_.Operations("upsert_server { backend: 'web' server { id: '" + id + "' address: '127.0.0.1:1' " +
                             "labels { key: 'l' value: '" + std::string(bytes, 'x') + "' } } }"));
  }
  void AppendBackend() { Append(maker_.Snapshot("backends { id: 'web' }")); }

  void WaitUntil(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << condition_.error;
      loop_->timers().Schedule(&tick_, 10);
      loop_->RunOnce(/*wait=*/true);
    }
  }
  void WaitUntilSaved() {
    WaitUntil([this] { return condition_.saved_number >= last_; });
  }
  void WaitUntilWhole() {
    WaitUntil(
        [this] { return condition_.saved_number >= last_ && condition_.good_copies == 2 && condition_.error.empty(); });
  }

  // Of the revisions that are remembered: their numbers and what they replaced, the newest first.
  static std::vector<std::string> Describe(const History& history) {
    std::vector<std::string> revisions;
    for (const Revision& revision : history.revisions()) {
      revisions.push_back(std::to_string(revision.entry().revision()) + " " + revision.undo().ShortDebugString());
    }
    return revisions;
  }
  // As if they had grown: the history is not in them any more.
  void WriteFilesAnew() {
    for (const char* name : {"state-a", "state-b"}) {
      FlipABit(name, TextOf(name).size() - 1);
      OpenWell();
      WaitUntilWhole();
      journal_ = nullptr;
    }
  }

  // A restart finds all that was given.
  void ExpectAllIsThere() {
    const v1::Snapshot wanted = all_.MakeSnapshot();
    OpenWell();
    ASSERT_TRUE(restored_.has_value());
    EXPECT_EQ(restored_->config.SerializeAsString(), wanted.SerializeAsString());
    EXPECT_EQ(restored_->history.newest().revision(), all_.revision().revision());
    EXPECT_THAT(Describe(restored_->history), testing::ElementsAreArray(Describe(all_.history())));
    EXPECT_EQ(restored_->leader_epoch, all_.leader_epoch());
  }

  std::vector<std::string> said() {
    const std::lock_guard<std::mutex> lock(said_mutex_);
    return said_;
  }
  std::string PathOf(const std::string& name) const { return directory_ + "/" + name; }
  std::string TextOf(const std::string& name) const {
    std::ifstream file(PathOf(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(PathOf(name), std::ios::binary) << text;
  }
  void FlipABit(const std::string& name, size_t position) const {
    std::string text = TextOf(name);
    text[position] = static_cast<char>(text[position] ^ 4);
    Write(name, text);
  }

  const std::string directory_ = mkdtemp(std::string("/tmp/journal_test.XXXXXX").data());
  FaultyDisk disk_;
  std::unique_ptr<event::Loop> loop_ = *event::Loop::Create(event::IoBackend::kEpoll);
  event::Timer tick_{[](void*) {}, nullptr};
  std::mutex said_mutex_;
  std::vector<std::string> said_;
  std::unique_ptr<Journal> journal_;
  std::optional<Restored> restored_;
  Condition condition_;
  int asked_for_all_ = 0;

  RecordMaker maker_;
  Image all_;  // what was given
  uint64_t last_ = 0;
  int servers_ = 0;

 private:
  void SaveAll() {
    ++asked_for_all_;
    Record record;
    auto change = std::make_shared<v1::Transaction>();
    *change->mutable_snapshot() = all_.MakeSnapshot();
    record.change = std::move(change);
    record.history = std::make_shared<const History>(all_.history());
    record.entry.set_leader_epoch(all_.leader_epoch());
    if (all_.revision().revision() != 0) *record.entry.mutable_revision() = all_.revision();
    last_ = journal_->Append(std::move(record));
  }
};

}  // namespace fairlead::persistence
