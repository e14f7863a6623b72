#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "dataplane/config/snapshot.h"
#include "dataplane/control/background.h"
#include "dataplane/event/timer_wheel.h"
#include "dataplane/load_balancing/hash_table.h"

namespace fairlead::control {

// The tables of backends that are balanced by a hash: knows what each lacks, has it made in the background, and puts it
// into a publication, at most ten times a second. Until then workers go by the table before, and pass over who has
// left. A backend's first table, and one of another kind or size, is made at once and published with the change that
// asks for it, unless that takes too long.
//
// Owned by the transactor, on the control thread.
class HashTables {
 public:
  // Between two swaps.
  static constexpr uint64_t kSwapMs = 100;
  // The part of one core that a backend's tables may take.
  static constexpr uint64_t kShareOfACore = 10;
  // What one publication may wait for tables.
  static constexpr uint64_t kMostCostAtOnceNs = 100'000'000;

  // `on_due` is called when there is something to publish, from the timers alone.
  HashTables(event::TimerWheel* timers, Background background, absl::AnyInvocable<void()> on_due);
  ~HashTables();
  HashTables(const HashTables&) = delete;
  HashTables& operator=(const HashTables&) = delete;

  // `snapshot` is about to be published, and differs from the one before by `changes`, in more than health.
  void Take(const config::Snapshot& snapshot, const config::ChangeList& changes);

  // The snapshot that comes next was staged a while ago, and may have tables of then: it gets all those of now.
  void RepeatAll();

  // Whether a publication is to be made for the tables' sake.
  bool due() const;
  // Whether PutInto would do anything.
  bool has_any_to_publish() const { return due() || !urgent_.empty(); }
  // Puts what is ready into the backends of `snapshot`, which was the last that was given to Take but for health, and
  // names these in `changes`.
  void PutInto(config::Snapshot& snapshot, config::ChangeList& changes);

  // Since the start.
  struct Totals {
    uint64_t built = 0;
    uint64_t swaps = 0;     // publications with tables that were made in the background
    uint64_t build_us = 0;  // of processor time
  };
  const Totals& totals() const { return totals_; }

 private:
  using Changes = std::vector<load_balancing::HashTable::Change>;
  using Table = std::shared_ptr<const load_balancing::HashTable>;

  // A table that is being made. Shared with the background, which sets `made` and `cpu_us`, and reads the rest.
  struct Job {
    config::BackendSlot slot;
    config::HashTableSettings settings;
    Table before;
    Changes changes;
    Table made = nullptr;
    uint64_t cpu_us = 0;
  };

  struct Entry {
    std::string backend_id;
    config::HashTableSettings settings;
    Table table;                 // the last that was made; null: none was
    Changes pending;             // that it lacks, besides those of `job`
    std::shared_ptr<Job> job;    // null: none is under way
    bool waits = false;          // for its turn in the background
    bool ready = false;          // the table is not published yet
    uint64_t not_before_ms = 0;  // its next table

    bool has_table_of_its_kind() const { return table != nullptr && table->settings() == settings; }
    bool lacks_anything() const { return !pending.empty() || (job == nullptr && !has_table_of_its_kind()); }
  };

  Entry* Find(config::BackendSlot slot) const;
  // The backend is new here, or its settings may have changed.
  void TakeBackend(config::BackendSlot slot, const config::Backend& backend);
  static void TakeServer(const config::Backend& backend, config::ServerSlot slot, Entry& entry);
  // What there is to do is done now, or begun.
  void MakeTables();
  // False: it would cost more than `budget_ns`, of which it takes its cost.
  bool MakeAtOnce(Entry& entry, uint64_t& budget_ns);
  // Has the next job done, if one is due and none is under way.
  void StartJob();
  void OnDone(const std::shared_ptr<Job>& job);
  void ScheduleTimer();
  static void OnTimer(void* self);

  event::TimerWheel* const timers_;
  Background background_;
  absl::AnyInvocable<void()> on_due_;
  absl::flat_hash_map<config::BackendSlot, std::unique_ptr<Entry>> entries_;
  // Slots, in the order in which they came; what was meant may be gone, or done.
  std::vector<config::BackendSlot> touched_;  // by the changes at hand
  std::vector<config::BackendSlot> urgent_;   // have a table for the publication at hand
  std::deque<config::BackendSlot> waiting_;   // for their turns in the background
  std::vector<config::BackendSlot> ready_;    // for the next swap
  bool working_ = false;
  bool told_ = false;  // on_due_ was called for what is ready
  uint64_t next_swap_ms_ = 0;
  event::Timer timer_{&OnTimer, this};
  Totals totals_;
};

}  // namespace fairlead::control
