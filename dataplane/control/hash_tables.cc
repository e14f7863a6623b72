#include "dataplane/control/hash_tables.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "dataplane/control/backend_editor.h"
#include "dataplane/control/slot_access.h"

namespace fairlead::control {
namespace {

using load_balancing::HashTable;

// Of the calling thread.
uint64_t CpuTimeUs() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000 + static_cast<uint64_t>(time.tv_nsec) / 1'000;
}

}  // namespace

HashTables::HashTables(event::TimerWheel* timers, Background background, absl::AnyInvocable<void()> on_due)
    : timers_(timers), background_(std::move(background)), on_due_(std::move(on_due)) {}

HashTables::~HashTables() = default;

HashTables::Entry* HashTables::Find(config::BackendSlot slot) const {
  const auto place = entries_.find(slot);
  return place == entries_.end() ? nullptr : place->second.get();
}

void HashTables::Take(const config::Snapshot& snapshot, const config::ChangeList& changes) {
  touched_.clear();
  absl::flat_hash_set<config::BackendSlot> taken;
  for (const config::BackendSlot slot : changes.backends) {
    const config::Backend* const backend = At(snapshot.backends, slot);
    if (backend == nullptr || backend->settings->policy != config::LoadBalancingPolicy::kHash) {
      entries_.erase(slot);
      continue;
    }
    const Entry* const before = Find(slot);
    if (before == nullptr || before->backend_id != backend->settings->id) taken.insert(slot);
    TakeBackend(slot, *backend);
  }
  if (entries_.empty()) return;
  for (const config::ChangeList::ServerChange& change : changes.servers) {
    Entry* const entry = Find(change.backend);
    if (entry == nullptr || taken.contains(change.backend)) continue;
    TakeServer(*snapshot.backends[change.backend], change.server, *entry);
    if (touched_.empty() || touched_.back() != change.backend) touched_.push_back(change.backend);
  }
  MakeTables();
}

void HashTables::TakeBackend(config::BackendSlot slot, const config::Backend& backend) {
  std::unique_ptr<Entry>& entry = entries_[slot];
  if (entry == nullptr || entry->backend_id != backend.settings->id) {
    entry = std::make_unique<Entry>();
    entry->backend_id = backend.settings->id;
    backend.servers.ForEach([&](config::ServerSlot server_slot, const config::ServerPtr& server) {
      if (const HashTable::Server now = HashTable::ServerOf(server.get()); now.weight > 0) {
        entry->pending.push_back({server_slot, now});
      }
    });
  }
  entry->settings = backend.settings->hash_table;
  touched_.push_back(slot);
}

void HashTables::TakeServer(const config::Backend& backend, config::ServerSlot slot, Entry& entry) {
  const HashTable::Server now = HashTable::ServerOf(At(backend.servers, slot));
  // Most changes are none of identity and weight.
  const bool table_knows_all = entry.pending.empty() && entry.job == nullptr && entry.table != nullptr;
  if (table_knows_all && entry.table->At(slot) == now) return;
  entry.pending.push_back({slot, now});
}

void HashTables::MakeTables() {
  uint64_t budget_ns = kMostCostAtOnceNs;
  for (const config::BackendSlot slot : touched_) {
    Entry& entry = *Find(slot);
    if (!entry.has_table_of_its_kind() && MakeAtOnce(entry, budget_ns)) urgent_.push_back(slot);
    if (entry.lacks_anything() && !std::exchange(entry.waits, true)) waiting_.push_back(slot);
  }
  StartJob();
}

bool HashTables::MakeAtOnce(Entry& entry, uint64_t& budget_ns) {
  Changes changes;
  // What is being made is of no use any more.
  if (entry.job != nullptr) changes = entry.job->changes;
  changes.insert(changes.end(), entry.pending.begin(), entry.pending.end());
  size_t servers = changes.size();
  uint64_t weight = 0;
  for (const HashTable::Change& change : changes) weight += change.server.weight;
  if (entry.table != nullptr) {
    servers += entry.table->servers();
    weight += entry.table->total_weight();
  }
  const uint64_t cost_ns = HashTable::CostOf(entry.settings, servers, weight);
  if (cost_ns > budget_ns) return false;
  budget_ns -= cost_ns;

  const uint64_t begin_us = CpuTimeUs();
  entry.table = HashTable::Build(entry.settings, entry.table.get(), changes);
  totals_.build_us += CpuTimeUs() - begin_us;
  ++totals_.built;
  entry.pending.clear();
  entry.job = nullptr;
  entry.ready = true;
  return true;
}

void HashTables::StartJob() {
  for (auto place = waiting_.begin(); !working_ && place != waiting_.end();) {
    const config::BackendSlot slot = *place;
    Entry* const entry = Find(slot);
    const bool wants = entry != nullptr && entry->waits && entry->lacks_anything();
    // One table after another: none that is to be published is made anew before that.
    if (wants && (entry->ready || entry->job != nullptr || entry->not_before_ms > timers_->now_ms())) {
      ++place;
      continue;
    }
    place = waiting_.erase(place);
    if (entry != nullptr) entry->waits = false;
    if (!wants) continue;
    auto job = std::make_shared<Job>(Job{.slot = slot,
                                         .settings = entry->settings,
                                         .before = entry->table,
                                         .changes = std::exchange(entry->pending, {})});
    entry->job = job;
    working_ = true;
    auto work = [job] {
      const uint64_t begin_us = CpuTimeUs();
      job->made = HashTable::Build(job->settings, job->before.get(), job->changes);
      job->cpu_us = CpuTimeUs() - begin_us;
    };
    auto done = [this, job] { OnDone(job); };
    if (background_ != nullptr) return background_(std::move(work), std::move(done));
    work();
    done();
    place = waiting_.begin();
  }
  ScheduleTimer();
}

void HashTables::OnDone(const std::shared_ptr<Job>& job) {
  working_ = false;
  ++totals_.built;
  totals_.build_us += job->cpu_us;
  if (Entry* const entry = Find(job->slot); entry != nullptr && entry->job == job) {
    entry->job = nullptr;
    entry->table = std::move(job->made);
    entry->ready = true;
    entry->not_before_ms = timers_->now_ms() + job->cpu_us * (kShareOfACore - 1) / 1'000;
    ready_.push_back(job->slot);
    if (entry->lacks_anything() && !std::exchange(entry->waits, true)) waiting_.push_back(job->slot);
  }
  StartJob();
}

void HashTables::RepeatAll() {
  for (const auto& [slot, entry] : entries_) {
    if (entry->table == nullptr) continue;
    entry->ready = true;
    urgent_.push_back(slot);
  }
}

bool HashTables::due() const { return !ready_.empty() && timers_->now_ms() >= next_swap_ms_; }

void HashTables::PutInto(config::Snapshot& snapshot, config::ChangeList& changes) {
  std::vector<config::BackendSlot> slots = std::exchange(urgent_, {});
  if (due()) {
    slots.insert(slots.end(), ready_.begin(), ready_.end());
    ready_.clear();
    told_ = false;
    next_swap_ms_ = timers_->now_ms() + kSwapMs;
    ++totals_.swaps;
  }
  const absl::flat_hash_set<config::BackendSlot> named(changes.backends.begin(), changes.backends.end());
  BackendEditor editor(&snapshot);
  for (const config::BackendSlot slot : slots) {
    Entry* const entry = Find(slot);
    if (entry == nullptr || !std::exchange(entry->ready, false)) continue;
    editor.Edit(slot).hash_table = entry->table;
    if (!named.contains(slot)) changes.backends.push_back(slot);
  }
  editor.Finish();
  StartJob();
}

void HashTables::ScheduleTimer() {
  uint64_t when_ms = UINT64_MAX;
  if (!ready_.empty() && !told_) when_ms = next_swap_ms_;
  if (!working_) {
    for (const config::BackendSlot slot : waiting_) {
      const Entry* const entry = Find(slot);
      if (entry != nullptr && entry->waits && !entry->ready) when_ms = std::min(when_ms, entry->not_before_ms);
    }
  }
  if (when_ms == UINT64_MAX) return;
  timers_->Schedule(&timer_, when_ms - std::min(when_ms, timers_->now_ms()));
}

void HashTables::OnTimer(void* self) {
  auto* const tables = static_cast<HashTables*>(self);
  tables->StartJob();
  if (!tables->due()) return;
  tables->told_ = true;
  tables->on_due_();
}

}  // namespace fairlead::control
