#include "prober/checker.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/container/flat_hash_set.h"
#include "api/yaml/concat.h"
#include "prober/hash.h"

namespace fairlead::prober {
namespace {

bool IsCommand(const CheckSettings& settings) { return std::holds_alternative<CommandSettings>(settings.kind); }

}  // namespace

Checker::Entry::Entry(Checker* owner, Target checked)
    : checker(owner),
      target(std::move(checked)),
      name_hash(Hash(target.name())),
      timer(
          [](void* self) {
            auto* entry = static_cast<Entry*>(self);
            entry->checker->OnTimer(*entry);
          },
          this) {}

Checker::Checker(event::Loop* loop, Limits limits, MakeAttempt make_attempt, OnVote on_vote, uint32_t seed)
    : loop_(loop),
      limits_(limits),
      make_attempt_(std::move(make_attempt)),
      on_vote_(std::move(on_vote)),
      random_(seed) {}

Checker::~Checker() = default;

void Checker::SetPlan(CheckPlan plan) {
  plan_ = std::move(plan);
  for (auto& [name, entry] : entries_) {
    entry->settings = plan_.Of(entry->target.backend);
    // By the new schedule, in whichever way it differs.
    if (entry->in_share) Leave(*entry);
    Update(*entry);
  }
  BeginWaiting();
}

void Checker::SetTargets(const std::vector<Target>& targets) {
  absl::flat_hash_set<std::string> names;
  for (const Target& target : targets) {
    std::string name = target.name();
    std::unique_ptr<Entry>& entry = entries_[name];
    names.insert(std::move(name));
    if (entry == nullptr) {
      entry = std::make_unique<Entry>(this, target);
      entry->settings = plan_.Of(target.backend);
    } else if (entry->target != target) {
      entry->target = target;
      Reset(*entry);
    }
    Update(*entry);
  }
  for (auto next = entries_.begin(); next != entries_.end();) {
    const auto here = next++;
    if (names.contains(here->first)) continue;
    Stop(*here->second);
    Withdraw(*here->second);
    entries_.erase(here);
  }
  BeginWaiting();
}

void Checker::SetShares(Shares shares) {
  shares_ = std::move(shares);
  has_shares_ = true;
  for (auto& [name, entry] : entries_) Update(*entry);
  BeginWaiting();
}

void Checker::BeginDoubt(uint64_t since_ms) {
  in_doubt_ = true;
  for (auto& [name, entry] : entries_) {
    if (entry->verdict.state() != Verdict::State::kDown || entry->decided_ms < since_ms) continue;
    entry->verdict = {};
    // The vote, which nobody may have heard yet, is never to be heard.
    Withdraw(*entry);
  }
}

void Checker::EndDoubt() {
  in_doubt_ = false;
  for (auto& [name, entry] : entries_) {
    if (!entry->in_share) continue;
    Stop(*entry);
    Enter(*entry);
  }
  BeginWaiting();
}

void Checker::Update(Entry& entry) {
  const bool in_share = has_shares_ && entry.settings != nullptr && shares_.Has(entry.name_hash);
  if (in_share && !entry.in_share) Enter(entry);
  if (!in_share && entry.in_share) Leave(entry);
}

void Checker::Enter(Entry& entry) {
  entry.in_share = true;
  // What was found long ago says nothing.
  if (loop_->now_ms() - entry.began_ms > entry.settings->ttl_ms) entry.verdict = {};
  loop_->timers().Schedule(&entry.timer, Draw(0, entry.settings->interval_ms / 2));
}

void Checker::Leave(Entry& entry) {
  Stop(entry);
  entry.in_share = false;
  // Without settings it is not to be checked at all, by anybody.
  const uint64_t delay = entry.settings == nullptr ? 0 : entry.settings->decision_ms();
  if (entry.has_voted) loop_->timers().Schedule(&entry.timer, delay);
}

void Checker::Reset(Entry& entry) {
  if (entry.in_share) Leave(entry);
  entry.verdict = {};
}

void Checker::Stop(Entry& entry) {
  loop_->timers().Cancel(&entry.timer);
  if (entry.linked()) {
    entry.Unlink();
    --waiting_count_;
  }
  if (entry.attempt == nullptr) return;
  entry.attempt.reset();
  --running_[entry.is_command];
}

void Checker::OnTimer(Entry& entry) {
  if (!entry.in_share) return Withdraw(entry);
  if (entry.attempt == nullptr) return BeginOrWait(entry);
  ++counters_.timed_out;
  End(entry, TimedOut(entry.settings->timeout_ms, entry.attempt->stage()));
}

bool Checker::HasRoom(bool is_command) const {
  return running() < limits_.checks && (!is_command || running_[1] < limits_.commands);
}

void Checker::BeginOrWait(Entry& entry) {
  const bool is_command = IsCommand(*entry.settings);
  if (HasRoom(is_command) && waiting_[is_command].empty()) return Begin(entry);
  ++counters_.delayed;
  ++waiting_count_;
  waiting_[is_command].PushBack(&entry);
}

void Checker::BeginWaiting() {
  for (const bool is_command : {false, true}) {
    while (!waiting_[is_command].empty() && HasRoom(is_command)) {
      Entry& entry = *waiting_[is_command].front();
      entry.Unlink();
      --waiting_count_;
      Begin(entry);
    }
  }
}

void Checker::Begin(Entry& entry) {
  entry.began_ms = loop_->now_ms();
  entry.began_us = loop_->now_us();
  entry.is_command = IsCommand(*entry.settings);
  ++running_[entry.is_command];
  loop_->timers().Schedule(&entry.timer, entry.settings->timeout_ms);
  entry.attempt = make_attempt_(entry.target, entry.settings, [this, &entry](Outcome outcome) { End(entry, outcome); });
}

void Checker::End(Entry& entry, const Outcome& outcome) {
  Stop(entry);
  ++(outcome.success ? counters_.succeeded : counters_.failed);
  counters_.check_us += loop_->now_us() - entry.began_us;
  const CheckSettings& settings = *entry.settings;
  entry.outcome = outcome.reason;
  if (outcome.success || !in_doubt_) Judge(entry, outcome);
  const uint64_t period = entry.verdict.in_doubt() ? settings.retry_interval_ms : settings.interval_ms;
  const uint64_t due = Draw(period - period / 10, period + period / 10);
  const uint64_t took = loop_->now_ms() - entry.began_ms;
  loop_->timers().Schedule(&entry.timer, due > took ? due - took : 0);
  BeginWaiting();
}

void Checker::Judge(Entry& entry, const Outcome& outcome) {
  const Verdict::State before = entry.verdict.state();
  entry.verdict.Add(outcome.success, entry.settings->rise, entry.settings->fall);
  if (entry.verdict.state() != before) {
    ++counters_.changes;
    entry.decided_ms = loop_->now_ms();
  }
  CastVote(entry);
}

void Checker::CastVote(Entry& entry) {
  const Verdict& verdict = entry.verdict;
  // Whoever is in doubt says nothing new: to repeat what may be over would contradict those who know it already.
  if (verdict.state() == Verdict::State::kUnknown || verdict.in_doubt()) return;
  auto vote = std::make_shared<Vote>();
  vote->backend = entry.target.backend;
  vote->server = entry.target.server;
  vote->status = verdict.state() == Verdict::State::kDown ? v1::Health::DOWN : v1::Health::UP;
  vote->reason = entry.outcome;
  vote->ttl = std::chrono::milliseconds(entry.settings->ttl_ms);
  vote->made_at = std::chrono::steady_clock::now();
  entry.has_voted = true;
  on_vote_(std::move(vote));
}

void Checker::Withdraw(Entry& entry) {
  if (!std::exchange(entry.has_voted, false)) return;
  auto vote = std::make_shared<Vote>();
  vote->backend = entry.target.backend;
  vote->server = entry.target.server;
  vote->made_at = std::chrono::steady_clock::now();
  on_vote_(std::move(vote));
}

Checker::Census Checker::TakeCensus() const {
  Census census;
  census.servers = entries_.size();
  for (const auto& [name, entry] : entries_) {
    if (!entry->in_share) continue;
    ++census.share;
    ++census.by_state[static_cast<size_t>(entry->verdict.state())];
  }
  return census;
}

void Checker::ForEach(const std::function<void(const Look& server)>& look) const {
  for (const auto& [name, entry] : entries_) {
    if (!entry->in_share) continue;
    look({entry->target, *entry->settings, entry->verdict.state(), entry->outcome, entry->began_ms});
  }
}

}  // namespace fairlead::prober
