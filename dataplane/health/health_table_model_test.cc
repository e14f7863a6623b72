// HealthTable against a model that remembers everything and works it all out anew each time.

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/health/health_table.h"
#include "gtest/gtest.h"

namespace fairlead::health {
namespace {

using config::Health;
using ServerName = std::pair<std::string, std::string>;
using Changes = std::map<ServerName, Health>;

struct Claim {
  std::string author;
  Health health;
  std::string reason;
  uint64_t expires_ms;  // 0: never
};

struct ModelServer {
  std::vector<Claim> claims;                                  // in the order in which they came, ended ones too
  std::map<std::string, std::pair<uint64_t, uint64_t>> seen;  // by reporter: incarnation and sequence
  Health health = Health::kUnknown;
  uint64_t since_ms = 0;
};

class Model {
 public:
  uint64_t now_ms = 0;
  std::map<ServerName, ModelServer> servers;
  Changes changes;

  // Works out the health of each server; those that changed are in `changes`.
  void Settle() {
    for (auto& [name, server] : servers) {
      const Claim* claim = Deciding(server);
      const Health health = claim == nullptr ? Health::kUnknown : claim->health;
      if (health == server.health) continue;
      server.health = health;
      server.since_ms = now_ms;
      changes[name] = health;
    }
  }

  const Claim* Deciding(const ModelServer& server) const {
    for (auto claim = server.claims.rbegin(); claim != server.claims.rend(); ++claim) {
      if (claim->expires_ms == 0 || claim->expires_ms > now_ms) return &*claim;
    }
    return nullptr;
  }

  bool Take(const Report& report) {
    auto place = servers.find({std::string(report.backend), std::string(report.server)});
    if (place == servers.end()) return false;
    ModelServer& server = place->second;
    auto& [incarnation, sequence] = server.seen[std::string(report.reporter)];
    if (report.incarnation < incarnation) return false;
    if (report.incarnation > incarnation) sequence = 0;
    const uint64_t number = report.sequence == 0 ? sequence + 1 : report.sequence;
    if (report.incarnation == incarnation && number <= sequence) return false;
    incarnation = report.incarnation;
    sequence = number;
    Say(server, {std::string(report.reporter), report.status, std::string(report.reason), now_ms + report.ttl_ms});
    return true;
  }

  void SetControllerWord(ModelServer& server, Health health, const std::string& reason) {
    for (const Claim& claim : server.claims) {
      if (claim.author == "controller" && claim.health == health && claim.reason == reason) return;
    }
    Say(server, {"controller", health, reason, 0});
  }

 private:
  void Say(ModelServer& server, Claim claim) {
    std::erase_if(server.claims, [&](const Claim& other) { return other.author == claim.author; });
    if (claim.health != Health::kUnknown) server.claims.push_back(std::move(claim));
    Settle();
  }
};

class HealthTableModelTest : public testing::TestWithParam<uint32_t> {
 protected:
  uint64_t Below(uint64_t n) { return std::uniform_int_distribution<uint64_t>(0, n - 1)(random_); }
  Health AnyHealth() { return static_cast<Health>(Below(4)); }
  ServerName AnyServer() { return {Below(2) == 0 ? "web" : "api", std::string(1, static_cast<char>('a' + Below(4)))}; }

  void Compare() {
    for (const auto& [name, server] : model_.servers) {
      const Decision* decision = table_.Find(name.first, name.second);
      ASSERT_NE(decision, nullptr);
      const Claim* claim = model_.Deciding(server);
      EXPECT_EQ(decision->health, server.health);
      EXPECT_EQ(decision->since_ms, server.since_ms);
      EXPECT_EQ(decision->decided_by, claim == nullptr ? "" : claim->author);
      EXPECT_EQ(decision->reason, claim == nullptr ? "" : claim->reason);
      EXPECT_EQ(decision->expires_ms, claim == nullptr ? 0 : claim->expires_ms);
    }
    EXPECT_EQ(changes_, model_.changes);
    changes_.clear();
    model_.changes.clear();
  }

  std::mt19937 random_{GetParam()};
  event::TimerWheel timers_;
  Changes changes_;
  HealthTable table_{&timers_, [this](std::string_view backend, std::string_view server, Health health) {
                       const bool first = changes_.emplace(ServerName(backend, server), health).second;
                       EXPECT_TRUE(first) << "told twice of one event";
                     }};
  Model model_;
};

TEST_P(HealthTableModelTest, DecidesAsTheModelDoes) {
  for (int step = 0; step < 3'000; ++step) {
    const auto [backend, server] = AnyServer();
    auto place = model_.servers.find({backend, server});
    switch (Below(10)) {
      case 0:
        table_.AddServer(backend, server);
        if (place == model_.servers.end()) model_.servers[{backend, server}].since_ms = model_.now_ms;
        break;
      case 1:
        if (Below(4) == 0) {
          table_.RemoveServer(backend, server);
          model_.servers.erase({backend, server});
        }
        break;
      case 2: {
        model_.now_ms += Below(3) == 0 ? Below(10'000) : Below(50);
        timers_.Advance(model_.now_ms);
        model_.Settle();
        break;
      }
      case 3:
        if (place != model_.servers.end()) {
          const Health health = AnyHealth();
          const std::string reason = Below(2) == 0 ? "" : "planned";
          table_.SetControllerWord(backend, server, health, reason);
          model_.SetControllerWord(place->second, health, reason);
          EXPECT_EQ(table_.controller_word(backend, server), health);
          model_.changes.clear();  // its caller tells
        }
        break;
      default: {
        const std::string reporter = "probe-" + std::to_string(Below(4));
        const std::string reason = "reason " + std::to_string(Below(100));
        const Report report = {.backend = backend,
                               .server = server,
                               .status = AnyHealth(),
                               .reporter = reporter,
                               .incarnation = static_cast<uint64_t>(step / 500 + (Below(20) == 0 ? 1 : 0)),
                               .sequence = Below(3) == 0 ? 0 : static_cast<uint64_t>(step % 500 + 10) - Below(10),
                               .ttl_ms = 10 + Below(Below(2) == 0 ? 100 : 20'000),
                               .reason = reason};
        EXPECT_EQ(table_.Take(report).ok(), model_.Take(report));
      }
    }
    ASSERT_NO_FATAL_FAILURE(Compare()) << "step " << step;
    if (HasFailure()) FAIL() << "step " << step;
  }
  EXPECT_GT(table_.reports_accepted(), 0);
  EXPECT_GT(table_.reports_refused(), 0);
  EXPECT_GT(table_.leases_expired(), 0);
}

INSTANTIATE_TEST_SUITE_P(Seeds, HealthTableModelTest, testing::Range(0u, 20u));

}  // namespace
}  // namespace fairlead::health
