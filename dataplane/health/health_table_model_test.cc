// HealthTable against a model, in simulated time: reporters that start anew, lose, repeat and delay what they say, and
// are cut off by domains; rules, reporters, servers and the proxy itself that come and go.

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "dataplane/health/health_model.h"
#include "dataplane/health/health_table.h"
#include "gtest/gtest.h"

namespace fairlead::health {
namespace {

// One run: a table, a model, and what happens to both.
class Schedule {
 public:
  explicit Schedule(uint32_t seed) : random_(seed) {
    damps_ = Below(2) == 0;
    MakeTable();
    for (int i = 0; i < kServers; ++i) Add(i);
    model_.rules = AnyRules();
    ApplyRules();
    for (int r = 0; r < kReporters; ++r) processes_[r].incarnation = 1;
  }

  void Run() {
    for (int step = 0; step < 1'500 && !testing::Test::HasFailure(); ++step) {
      Advance();
      const int server = static_cast<int>(now_ % kServers);
      if (Below(40) == 0) Disturb(server);
      Observe(server);
      Deliver(server);
      Compare();
    }
  }

 private:
  static constexpr int kReporters = 5;
  static std::string Domain(int reporter) { return absl::StrCat("zone-", reporter % 3); }
  static std::string ReporterName(int reporter) { return absl::StrCat("probe-", reporter); }
  static std::string ServerName(int server) { return absl::StrCat("w", server); }

  uint64_t Below(uint64_t n) { return std::uniform_int_distribution<uint64_t>(0, n - 1)(random_); }
  // A time that keeps to the server's own moments.
  uint64_t AnyTime(uint64_t most) { return kServers * Below(most / kServers); }

  std::optional<HealthRules> AnyRules() {
    if (Below(5) == 0) return std::nullopt;
    HealthRules rules;
    const auto quorum = [&] {
      return config::HealthQuorum{.votes = static_cast<uint32_t>(1 + Below(4)),
                                  .failure_domains = static_cast<uint32_t>(1 + Below(3))};
    };
    if (Below(3) != 0) rules.down = quorum();
    if (Below(3) != 0) rules.up = quorum();
    if (Below(3) == 0) rules.rise = static_cast<uint32_t>(1 + Below(3));
    if (Below(3) == 0) rules.fall = static_cast<uint32_t>(1 + Below(3));
    if (Below(2) == 0) rules.keep_last_ms = AnyTime(80);
    if (Below(2) == 0) rules.min_down_ms = AnyTime(80);
    if (Below(2) == 0) rules.min_up_ms = AnyTime(80);
    rules.unknown_is_eligible = Below(2) == 0;
    // A penalty is over at times that are not the server's own: what a fail-safe lets go then would be a matter of
    // luck.
    if (damps_) {
      rules.damping = config::FlapDamping{.half_life_ms = 20 + Below(100),
                                          .suppress = static_cast<double>(1'000 + Below(3'000)),
                                          .reuse = static_cast<double>(1 + Below(1'000))};
    } else if (Below(3) != 0) {
      // Likewise: what it lets go begins at another server\'s moment.
      rules.min_down_ms = rules.min_up_ms = 0;
      rules.fail_safe =
          config::FailSafe{.max_share = static_cast<double>(1 + Below(10)) / 10, .within_ms = kServers + AnyTime(200)};
    }
    return rules;
  }

  void MakeTable() {
    timers_ = std::make_unique<event::TimerWheel>(now_);
    table_ =
        std::make_unique<HealthTable>(timers_.get(), [this](std::string_view, std::string_view server, Health health) {
          changes_[server[1] - '0'].push_back(health);
        });
  }
  void ApplyRules() {
    table_->SetRules("web", model_.rules ? std::make_shared<const HealthRules>(*model_.rules) : nullptr);
    for (int i = 0; i < kServers; ++i) table_->Reconsider("web", ServerName(i));
  }
  void Add(int server) {
    ModelServer& model = model_.servers[server];
    if (model.exists) return;
    model = ModelServer();
    model.exists = true;
    model.in_service = Below(4) != 0;
    model.since = model.side_since = now_;
    for (const auto& [author, numbers] : model_.departed[server]) {
      model.votes[author].incarnation = numbers.first;
      model.votes[author].sequence = numbers.second;
    }
    table_->AddServer("web", ServerName(server));
    table_->SetInService("web", ServerName(server), model.in_service);
    model_.Look(server);  // more in service are more room
  }
  void Remove(int server) {
    ModelServer& model = model_.servers[server];
    if (!model.exists) return;
    for (const auto& [author, vote] : model.votes) {
      model_.departed[server][author] = {vote.incarnation, vote.sequence};
    }
    std::erase(model_.queue, server);
    model = ModelServer();
    table_->RemoveServer("web", ServerName(server));
    // What it says of the server itself on the way out is nobody's.
    changes_.erase(server);
    model_.changes.erase(server);
    model_.Look(server);
  }

  void Disturb(int server) {
    last_ = Below(12);
    switch (last_) {
      case 0:
        return model_.servers[server].exists ? Remove(server) : Add(server);
      case 1:
      case 2:
        return SayController(server);
      case 3:
        return ToggleService(server);
      case 4:
        return ChangeRules();
      case 5:
        return ChangeReporters();
      case 6:
      case 7:
        processes_[Below(kReporters)].cut_off ^= true;
        return;
      case 8: {
        Process& process = processes_[Below(kReporters)];
        ++process.incarnation;
        process.sequences.clear();
        process.numbers = Below(5) != 0;
        return;
      }
      case 9:
        return Restart();
      default:  // a domain
        const uint64_t domain = Below(3);
        for (int r = 0; r < kReporters; ++r) {
          if (r % 3 == static_cast<int>(domain)) processes_[r].cut_off ^= true;
        }
    }
  }
  void SayController(int server) {
    ModelServer& model = model_.servers[server];
    if (!model.exists) return;
    const auto health = static_cast<Health>(Below(4));
    table_->SetControllerWord("web", ServerName(server), health, "");
    if (health == Health::kUnknown ? !model.word.has_value() : model.word == health) return;
    model.word = health == Health::kUnknown ? std::nullopt : std::optional(health);
    model.word_order = ++model_.order;
    const size_t before = model_.changes[server].size();
    model_.Look(server);
    // Its own change is not told.
    std::vector<Health>& own = model_.changes[server];
    if (own.size() > before) own.erase(own.begin() + static_cast<std::ptrdiff_t>(before));
    if (own.empty()) model_.changes.erase(server);
  }
  void ToggleService(int server) {
    ModelServer& model = model_.servers[server];
    if (!model.exists) return;
    model.in_service = !model.in_service;
    if (!model.in_service) {
      std::erase(model_.queue, server);
      model.held = false;
      model.taken.reset();
    }
    table_->SetInService("web", ServerName(server), model.in_service);
    model_.Look(server);
  }
  // A new table of rules: what was counted by the old ones is forgotten.
  void ChangeRules() {
    if (Below(3) != 0) return;
    model_.rules = std::nullopt;
    for (ModelServer& server : model_.servers) {
      server.taken.reset();
      server.held = false;
      server.silent = false;
      server.penalty = 0;
      server.suppressed = false;
    }
    model_.queue.clear();
    ApplyRules();
    for (int i = 0; i < kServers; ++i) model_.Look(i);
    for (ModelServer& server : model_.servers) {
      server.side_since = server.since;
      server.said = server.by_word ? ' ' : SideOf(server.health);
    }
    model_.rules = AnyRules();
    ApplyRules();
    for (int i = 0; i < kServers; ++i) model_.Look(i);
  }
  void ChangeReporters() {
    // All servers follow at once, in an order that is nobody's business; whom a fail-safe takes first hangs on it.
    if (model_.rules && model_.rules->fail_safe) return;
    if (model_.reporters.empty()) {
      std::vector<ReporterPtr> all;
      for (int r = 0; r < kReporters; ++r) all.push_back(MakeReporter(r));
      table_->ChangeReporters({}, all);
    } else if (Below(3) == 0) {
      model_.reporters.clear();
      std::vector<std::string> all;
      for (int r = 0; r < kReporters; ++r) all.push_back(ReporterName(r));
      table_->ChangeReporters(all, {});
    } else {
      table_->ChangeReporters({}, {MakeReporter(static_cast<int>(Below(kReporters)))});
    }
    for (int i = 0; i < kServers; ++i) model_.Look(i);
  }
  ReporterPtr MakeReporter(int reporter) {
    const auto weight = static_cast<uint32_t>(1 + Below(3));
    model_.reporters[ReporterName(reporter)] = {Domain(reporter), weight};
    return std::make_shared<const Reporter>(Reporter{.id = ReporterName(reporter),
                                                     .identities = {},
                                                     .failure_domain = Domain(reporter),
                                                     .backends = BackendPatterns({"*"}),
                                                     .weight = weight});
  }
  // The proxy ends and begins again, with what it had stored.
  void Restart() {
    Compare();
    std::vector<StoredServer> stored;
    table_->Store([&](StoredServer server) { stored.push_back(std::move(server)); });
    // The order of those that are held since the same millisecond is not kept.
    std::set<uint64_t> held_since;
    for (const StoredServer& server : stored) {
      if (server.held_ms_ago && !held_since.insert(*server.held_ms_ago).second) return;
    }
    MakeTable();
    std::vector<ReporterPtr> reporters;
    for (const auto& [id, reporter] : model_.reporters) {
      reporters.push_back(std::make_shared<const Reporter>(Reporter{.id = id,
                                                                    .identities = {},
                                                                    .failure_domain = reporter.domain,
                                                                    .backends = BackendPatterns({"*"}),
                                                                    .weight = reporter.weight}));
    }
    table_->ChangeReporters({}, reporters);
    ApplyRules();
    for (int i = 0; i < kServers; ++i) {
      const ModelServer& server = model_.servers[i];
      if (!server.exists) continue;
      table_->AddServer("web", ServerName(i));
      table_->SetInService("web", ServerName(i), server.in_service);
      if (server.word) table_->SetControllerWord("web", ServerName(i), *server.word, "");
    }
    for (const StoredServer& server : stored) EXPECT_TRUE(table_->Restore(server, 0));
    table_->FollowRestored();
    changes_.clear();
    model_.departed.clear();
    // Of servers of which nobody had spoken.
    for (int i = 0; i < kServers; ++i) {
      ModelServer& server = model_.servers[i];
      if (!server.exists) continue;
      const uint64_t since = table_->Find("web", ServerName(i))->since_ms;
      if (server.votes.empty() && !server.word) server.since = server.side_since = since;
      model_.Rebase(server);
    }
  }

  // Reporters look at the server, and send what they see into the network.
  void Observe(int server) {
    if (Below(12) == 0) truth_[server] = static_cast<Health>(1 + Below(3));
    for (int r = 0; r < kReporters; ++r) {
      if (Below(3) != 0) continue;
      Process& process = processes_[r];
      const Health seen = Below(10) == 0 ? static_cast<Health>(Below(4)) : truth_[server];
      const uint64_t sequence = ++process.sequences[server];
      if (process.cut_off || Below(8) == 0) continue;  // lost
      const int copies = Below(12) == 0 ? 2 : 1;
      for (int copy = 0; copy < copies; ++copy) {
        const uint64_t delay = Below(3) == 0 ? AnyTime(60) : 0;
        network_.emplace(now_ + delay, Message{r, seen, process.numbers ? process.incarnation : 0,
                                               process.numbers ? sequence : 0, 12 + AnyTime(60)});
      }
    }
  }
  void Deliver(int server) {
    const auto [begin, end] = network_.equal_range(now_);
    for (auto message = begin; message != end; ++message) {
      const std::string reporter = ReporterName(message->second.reporter);
      const std::string name = ServerName(server);
      Report report;
      report.backend = "web";
      report.server = name;
      report.status = message->second.status;
      report.reporter = reporter;
      report.incarnation = message->second.incarnation;
      report.sequence = message->second.sequence;
      report.ttl_ms = message->second.ttl_ms;
      EXPECT_EQ(table_->Take(report).ok(), model_.Take(server, report)) << "at " << now_;
    }
    network_.erase(begin, end);
  }

  void Advance() {
    ++now_;
    timers_->Advance(now_);
    model_.Tick();
  }

  std::string Tell(int server) {
    const Explanation explanation = *table_->Explain("web", ServerName(server));
    std::string text =
        absl::StrCat("\n", explanation.rule, "; ", explanation.decision.decided_by, " ", explanation.decision.reason);
    for (const Explanation::Vote& vote : explanation.votes) {
      absl::StrAppend(&text, "\n", vote.reporter, " ", std::string(config::ToString(vote.health)), " left ",
                      vote.left_ms, " ", vote.note);
    }
    for (const std::string& change : explanation.changes) absl::StrAppend(&text, "\n", change);
    for (const auto& past : explanation.past)
      absl::StrAppend(&text, "\n", past.ago_ms, " ago ", std::string(config::ToString(past.from)), " to ",
                      std::string(config::ToString(past.to)), " by ", past.decided_by);
    absl::StrAppend(&text, "\n", explanation.controller ? "controller" : "no controller", ", last ", last_);
    absl::StrAppend(&text, "\nThe model: by word ", model_.servers[server].by_word, " word ",
                    model_.servers[server].word.has_value(), " since ", model_.servers[server].since);
    for (const auto& [author, vote] : model_.servers[server].votes) {
      absl::StrAppend(&text, "\n", author, " ", std::string(config::ToString(vote.says)), " ends ", vote.ends,
                      vote.lives ? " lives" : "");
    }
    return text;
  }
  void Compare() {
    for (int i = 0; i < kServers; ++i) {
      const ModelServer& server = model_.servers[i];
      const std::optional<Decision> decision = table_->Find("web", ServerName(i));
      ASSERT_EQ(decision.has_value(), server.exists);
      if (!decision) continue;
      ASSERT_EQ(decision->health, server.health) << ServerName(i) << " at " << now_ << Tell(i);
      ASSERT_EQ(decision->since_ms, server.since) << ServerName(i) << " at " << now_;
    }
    if (model_.rules && model_.rules->fail_safe) {
      ASSERT_EQ(table_->HeldByFailSafe("web"), model_.queue.size());
    }
    ASSERT_EQ(changes_, model_.changes) << "at " << now_;
    changes_.clear();
    model_.changes.clear();
  }

  struct Process {
    uint64_t incarnation = 1;
    std::map<int, uint64_t> sequences;
    bool numbers = true;
    bool cut_off = false;
  };
  struct Message {
    int reporter;
    Health status;
    uint64_t incarnation;
    uint64_t sequence;
    uint64_t ttl_ms;
  };

  std::mt19937 random_;
  uint64_t now_ = 1'000'000;
  bool damps_ = false;
  uint64_t last_ = 99;
  Model model_{now_};
  std::unique_ptr<event::TimerWheel> timers_;
  std::unique_ptr<HealthTable> table_;
  Changes changes_;
  Process processes_[kReporters];
  Health truth_[kServers] = {Health::kUp, Health::kUp, Health::kDown, Health::kUp};
  std::multimap<uint64_t, Message> network_;
};

class HealthTableModelTest : public testing::TestWithParam<uint32_t> {};

TEST_P(HealthTableModelTest, DecidesAsTheModelDoes) {
  constexpr uint32_t kSchedules = 100;
  for (uint32_t seed = GetParam() * kSchedules; seed < (GetParam() + 1) * kSchedules; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Schedule(seed).Run();
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, HealthTableModelTest, testing::Range(0u, 20u));

}  // namespace
}  // namespace fairlead::health
