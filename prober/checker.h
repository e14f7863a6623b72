#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "dataplane/base/intrusive_list.h"
#include "dataplane/event/loop.h"
#include "dataplane/event/timer_wheel.h"
#include "prober/attempt.h"
#include "prober/check_settings.h"
#include "prober/shares.h"
#include "prober/target.h"
#include "prober/verdict.h"
#include "prober/vote.h"

namespace fairlead::prober {

// Checks this prober's share of the servers, each by a schedule of its own, and tells what it finds.
//
// A server that comes, or comes into the share, is checked first within half an interval, at a moment drawn by lot, and
// from then on after each interval, give or take a tenth: neither all at once nor in step with other probers. Each
// check that ends renews the vote, so that it lives as long as checks go on. A server that leaves the share is not
// checked any more, and when whoever has it now must have made up its mind, its vote is withdrawn.
//
// No more than so many checks run at a time; who is due beyond that waits in line, and its timeout counts from its
// beginning. On the loop's thread. About 1 KiB a server.
class Checker {
 public:
  struct Limits {
    size_t checks = 4'096;
    size_t commands = 64;  // of these
  };
  using MakeAttempt = absl::AnyInvocable<std::unique_ptr<Attempt>(
      const Target& target, std::shared_ptr<const CheckSettings> settings, Attempt::OnOutcome on_outcome)>;
  using OnVote = absl::AnyInvocable<void(std::shared_ptr<const Vote> vote)>;

  struct Counters {
    uint64_t succeeded = 0;
    uint64_t failed = 0;
    uint64_t timed_out = 0;  // of these
    uint64_t delayed = 0;    // had to wait in line
    uint64_t changes = 0;    // of what is believed of a server
    uint64_t check_us = 0;   // that checks took, in all
  };
  // How many servers there are, of the share alone by what is believed of them.
  struct Census {
    size_t servers = 0;
    size_t share = 0;
    std::array<size_t, 3> by_state = {};  // Verdict::State
  };

  // A server of the share; valid during the call that tells it.
  struct Look {
    const Target& target;
    const CheckSettings& settings;
    Verdict::State state;
    std::string_view outcome;  // of the last check; empty: there was none
    uint64_t checked_ms = 0;   // when that began, by the loop's clock
  };

  Checker(event::Loop* loop, Limits limits, MakeAttempt make_attempt, OnVote on_vote, uint32_t seed);
  ~Checker();
  Checker(const Checker&) = delete;
  Checker& operator=(const Checker&) = delete;

  // Each of these takes effect at once. Nothing is checked before SetShares.
  void SetPlan(CheckPlan plan);
  void SetTargets(const std::vector<Target>& targets);
  void SetShares(Shares shares);
  // What nobody is reached with may be this prober's own fault: from now on checks that fail say nothing, and servers
  // that it took for down since `since_ms`, by the loop's clock, are not known.
  void BeginDoubt(uint64_t since_ms);
  // It is not cut off any more: all of the share is looked at anew, as if it had just come.
  void EndDoubt();

  const Counters& counters() const { return counters_; }
  Census TakeCensus() const;
  bool in_doubt() const { return in_doubt_; }
  // Calls `look` with each server of the share.
  void ForEach(const std::function<void(const Look& server)>& look) const;
  size_t running() const { return running_[0] + running_[1]; }
  size_t waiting() const { return waiting_count_; }

 private:
  struct Entry : base::ListNode {
    Entry(Checker* checker, Target target);

    Checker* const checker;
    Target target;
    uint64_t name_hash;
    std::shared_ptr<const CheckSettings> settings;  // null: it is not checked
    std::unique_ptr<Attempt> attempt;               // while a check runs
    bool is_command = false;                        // that check
    bool in_share = false;
    bool has_voted = false;
    Verdict verdict;
    std::string outcome;      // of the last check
    uint64_t decided_ms = 0;  // when the verdict became what it is
    uint64_t began_ms = 0;    // the last check
    uint64_t began_us = 0;
    // In the share: the next check, or the timeout of the one that runs. Else: when to withdraw the vote.
    event::Timer timer;
  };

  void OnTimer(Entry& entry);
  // It comes into the share, or leaves it.
  void Enter(Entry& entry);
  void Leave(Entry& entry);
  // What was believed of it does not hold any more.
  void Reset(Entry& entry);
  // What it has under way ends.
  void Stop(Entry& entry);
  void Withdraw(Entry& entry);
  void Update(Entry& entry);

  void BeginOrWait(Entry& entry);
  bool HasRoom(bool is_command) const;
  void Begin(Entry& entry);
  void End(Entry& entry, const Outcome& outcome);
  void BeginWaiting();
  // Takes in what a check has found.
  void Judge(Entry& entry, const Outcome& outcome);
  void CastVote(Entry& entry);
  uint64_t Draw(uint64_t least, uint64_t most) { return std::uniform_int_distribution<uint64_t>(least, most)(random_); }

  event::Loop* const loop_;
  const Limits limits_;
  MakeAttempt make_attempt_;
  OnVote on_vote_;
  std::mt19937 random_;
  CheckPlan plan_ = CheckPlan::Default();
  Shares shares_;
  bool has_shares_ = false;
  bool in_doubt_ = false;
  Counters counters_;
  std::array<size_t, 2> running_ = {};  // connections, commands
  size_t waiting_count_ = 0;
  // Lines of their own, so that commands hold nobody else up.
  std::array<base::IntrusiveList<Entry>, 2> waiting_;
  absl::flat_hash_map<std::string, std::unique_ptr<Entry>> entries_;
};

}  // namespace fairlead::prober
