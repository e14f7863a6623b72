#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/config/health_rules.h"
#include "dataplane/config/server.h"
#include "dataplane/health/report.h"

namespace fairlead::health {

using config::Health;
using config::HealthRules;

// What happens to one server happens at times of its own (its index, modulo kServers), so that it is clear what came
// first.
constexpr int kServers = 4;

// By server; which of two servers changed first within a millisecond is open.
using Changes = std::map<int, std::vector<Health>>;

struct ModelReporter {
  std::string domain;
  uint32_t weight = 1;
};

struct ModelVote {
  uint64_t incarnation = 0, sequence = 0, order = 0;
  uint64_t ends = 0;
  bool lives = false;  // the lease
  Health says = Health::kUnknown;
  std::vector<Health> reports;  // since the lease began to live
};

struct ModelServer {
  bool exists = false, in_service = false;
  std::map<std::string, ModelVote> votes;
  std::optional<Health> word;
  uint64_t word_order = 0;

  Health health = Health::kUnknown;
  bool by_word = false;
  uint64_t since = 0, side_since = 0;
  bool silent = false;
  uint64_t silent_since = 0;
  double penalty = 0;
  uint64_t penalty_as_of = 0;
  bool suppressed = false;
  char said = ' ';
  std::optional<uint64_t> taken;
  bool held = false;
};

inline char SideOf(Health health) { return health == Health::kUnknown ? '?' : health == Health::kDown ? 'd' : 'u'; }

// What docs/HEALTH.md says, as simple as it can be said: it knows no timer, and looks at everything in every
// millisecond.
class Model {
 public:
  explicit Model(uint64_t now) : now(now) {}

  uint64_t now;
  std::optional<HealthRules> rules;
  std::map<std::string, ModelReporter> reporters;
  ModelServer servers[kServers];
  std::vector<int> queue;  // held by the fail-safe
  std::map<int, std::map<std::string, std::pair<uint64_t, uint64_t>>> departed;
  uint64_t order = 0;
  Changes changes;

  bool Take(int server, const Report& report) {
    ModelServer& to = servers[server];
    const std::string author(report.reporter);
    if (!to.exists) return false;
    auto [place, is_new] = to.votes.try_emplace(author);
    ModelVote& vote = place->second;
    uint64_t incarnation = report.incarnation;
    if (report.incarnation == 0 && report.sequence == 0) incarnation = vote.incarnation;
    if (!is_new && incarnation < vote.incarnation) return false;
    const uint64_t seen = incarnation > vote.incarnation || is_new ? 0 : vote.sequence;
    const uint64_t sequence = report.sequence == 0 ? seen + 1 : report.sequence;
    if (sequence <= seen) return false;
    vote.incarnation = incarnation;
    vote.sequence = sequence;
    vote.order = ++order;
    if (report.status == Health::kUnknown) {
      Silence(vote, now);
    } else {
      vote.ends = now + report.ttl_ms;
      vote.lives = true;
      vote.reports.push_back(report.status);
      int run = 0;
      for (auto said = vote.reports.rbegin(); said != vote.reports.rend(); ++said, ++run) {
        if (SideOf(*said) != SideOf(report.status)) break;
      }
      const HealthRules by = rules.value_or(HealthRules());
      const int needed = static_cast<int>(report.status == Health::kDown ? by.fall : by.rise);
      if (SideOf(vote.says) == SideOf(report.status) || run >= needed) vote.says = report.status;
    }
    Look(server);
    return true;
  }

  // A millisecond has passed.
  void Tick() {
    ++now;
    for (int i = 0; i < kServers; ++i) {
      for (auto& [author, vote] : servers[i].votes) {
        if (vote.lives && vote.ends <= now) Silence(vote, vote.ends);
      }
    }
    for (int i = 0; i < kServers; ++i) Look(i);
  }

  void Look(int server) {
    if (servers[server].exists) Decide(server);
    Release();
  }

  // The penalty as it is now: the same but for the last bit.
  void Rebase(ModelServer& server) const {
    if (!rules || !rules->damping) return;
    server.suppressed = IsSuppressed(server);
    server.penalty = PenaltyNow(server);
    server.penalty_as_of = now;
  }

  static void Silence(ModelVote& vote, uint64_t at) {
    vote.lives = false;
    vote.says = Health::kUnknown;
    vote.ends = at;
    vote.reports.clear();
  }

 private:
  // The living votes that count: those after the controller's word.
  std::vector<std::pair<std::string, ModelVote>> Counting(const ModelServer& server) const {
    std::vector<std::pair<std::string, ModelVote>> counting;
    for (const auto& [author, vote] : server.votes) {
      if (vote.says != Health::kUnknown && (!server.word || vote.order > server.word_order)) {
        counting.emplace_back(author, vote);
      }
    }
    return counting;
  }

  bool Meets(const std::vector<std::pair<std::string, ModelVote>>& counting, char side,
             const config::HealthQuorum& quorum) const {
    uint32_t weight = 0;
    std::set<std::string> domains;
    for (const auto& [author, vote] : counting) {
      if (SideOf(vote.says) != side) continue;
      const auto known = reporters.find(author);
      weight += known == reporters.end() ? 1 : known->second.weight;
      domains.insert(known == reporters.end() ? author : known->second.domain);
    }
    return weight >= quorum.votes && domains.size() >= quorum.failure_domains;
  }

  // What the votes say; nothing: they don't decide.
  std::optional<Health> Verdict(const std::vector<std::pair<std::string, ModelVote>>& counting) const {
    if (!rules || (!rules->down && !rules->up)) {
      const auto last = std::max_element(counting.begin(), counting.end(),
                                         [](const auto& a, const auto& b) { return a.second.order < b.second.order; });
      return last->second.says;
    }
    if (Meets(counting, 'd', rules->down.value_or(config::HealthQuorum()))) return Health::kDown;
    if (!Meets(counting, 'u', rules->up.value_or(config::HealthQuorum()))) return std::nullopt;
    int64_t balance = 0;  // of DEGRADED against UP
    for (const auto& [author, vote] : counting) {
      const auto known = reporters.find(author);
      const int64_t weight = known == reporters.end() ? 1 : known->second.weight;
      if (vote.says == Health::kDegraded) balance += weight;
      if (vote.says == Health::kUp) balance -= weight;
    }
    return balance >= 0 ? Health::kDegraded : Health::kUp;
  }

  double PenaltyNow(const ModelServer& server) const {
    // After four half-lives from its ceiling a penalty is just at `reuse`: there every bit counts.
    return server.penalty * std::exp2(-(static_cast<double>(now - server.penalty_as_of) /
                                        static_cast<double>(rules->damping->half_life_ms)));
  }
  bool IsSuppressed(const ModelServer& server) const {
    return server.suppressed && PenaltyNow(server) >= rules->damping->reuse;
  }
  void Turn(ModelServer& server) {
    const config::FlapDamping& damping = *rules->damping;
    const bool was = IsSuppressed(server);
    server.penalty = std::min(PenaltyNow(server) + 1'000, std::max(16 * damping.reuse, damping.suppress + 1'000));
    server.penalty_as_of = now;
    server.suppressed = was || server.penalty > damping.suppress;
  }

  bool IsOut(Health health) const {
    return health == Health::kDown || (health == Health::kUnknown && !rules->unknown_is_eligible);
  }
  int Room() const {
    int in_service = 0;
    int taken = 0;
    for (const ModelServer& server : servers) {
      in_service += server.exists && server.in_service;
      taken += server.taken && *server.taken + rules->fail_safe->within_ms > now;
    }
    return std::max(1, static_cast<int>(rules->fail_safe->max_share * in_service + 1e-9)) - taken;
  }
  void LeaveQueue(int server) {
    std::erase(queue, server);
    servers[server].held = false;
  }

  void Become(int index, Health health, bool by_word) {
    ModelServer& server = servers[index];
    server.by_word = by_word;
    if (server.health == health) return;
    if (SideOf(server.health) != SideOf(health)) server.side_since = now;
    server.health = health;
    server.since = now;
    changes[index].push_back(health);
  }

  void Decide(int index) {
    ModelServer& server = servers[index];
    const auto counting = Counting(server);
    if (!counting.empty() || server.word) server.silent = false;
    if (counting.empty() && server.word) {
      LeaveQueue(index);
      server.taken.reset();
      return Become(index, *server.word, true);
    }
    const bool word_is_gone = server.by_word && !server.word;
    Health wanted = Health::kUnknown;
    bool stands = false;
    if (!counting.empty()) {
      const std::optional<Health> verdict = Verdict(counting);
      if (verdict) {
        wanted = *verdict;
        if (rules && rules->damping && server.said == 'u' && SideOf(wanted) == 'd') Turn(server);
        server.said = SideOf(wanted);
      } else {
        stands = !word_is_gone;
        wanted = stands ? server.health : Health::kUnknown;
      }
    } else if (!server.silent) {
      server.silent = true;
      server.silent_since = 0;
      for (const auto& [author, vote] : server.votes) server.silent_since = std::max(server.silent_since, vote.ends);
      server.silent_since = std::min(server.silent_since, now);  // some may be in the middle of a run
    }
    if (!rules) return Become(index, wanted, false);

    bool waits = false;
    bool for_room = false;
    if (SideOf(wanted) != SideOf(server.health)) {
      if (!word_is_gone) {
        waits |= counting.empty() && now < server.silent_since + rules->keep_last_ms;
        waits |= server.health == Health::kDown && now < server.side_since + rules->min_down_ms;
        waits |= SideOf(server.health) == 'u' && now < server.side_since + rules->min_up_ms;
        waits |= server.health == Health::kDown && rules->damping && IsSuppressed(server);
      }
      if (!waits && rules->fail_safe && server.in_service && IsOut(wanted) && !IsOut(server.health)) {
        const bool is_next = queue.empty() || queue.front() == index;
        for_room = Room() <= 0 || !is_next;
        if (!for_room) server.taken = now;
      }
    }
    if (for_room) {
      if (!server.held) queue.push_back(index);
      server.held = true;
      return;
    }
    LeaveQueue(index);
    if (waits) return;
    if (!IsOut(wanted)) server.taken.reset();
    Become(index, wanted, stands && server.by_word);
  }

  void Release() {
    if (!rules || !rules->fail_safe) return;
    while (!queue.empty() && Room() > 0) Decide(queue.front());
  }
};

}  // namespace fairlead::health
