#include "dataplane/load_balancing/round_robin.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <random>
#include <set>
#include <vector>

#include "dataplane/load_balancing/policy.h"
#include "dataplane/load_balancing/random.h"
#include "gtest/gtest.h"

namespace fairlead::load_balancing {
namespace {

using config::ServerSlot;
constexpr ServerSlot kNone = Policy::kNone;

// A rotation of servers with the weights given, in slots 0, 1, …
RoundRobin Rotation(const std::vector<uint32_t>& weights, uint64_t seed = 1) {
  Random random(seed);
  RoundRobin rotation(&random);
  for (size_t slot = 0; slot < weights.size(); ++slot) rotation.SetWeight(slot, weights[slot], nullptr);
  return rotation;
}

std::vector<ServerSlot> Pick(RoundRobin& rotation, int requests) {
  std::vector<ServerSlot> picks;
  for (int i = 0; i < requests; ++i) picks.push_back(rotation.Pick(kNone).value());
  return picks;
}

std::vector<ServerSlot> Without(ServerSlot slot, std::vector<ServerSlot> picks) {
  std::erase(picks, slot);
  return picks;
}

// That each `window` picks in a row hold each slot as often as `expected` says.
void ExpectInEveryRun(const std::vector<ServerSlot>& picks, const std::vector<uint32_t>& expected) {
  const size_t window = std::accumulate(expected.begin(), expected.end(), size_t{0});
  ASSERT_GE(picks.size(), window);
  std::vector<uint32_t> counts(expected.size());
  for (size_t i = 0; i < picks.size(); ++i) {
    ++counts.at(picks[i]);
    if (i >= window) --counts[picks[i - window]];
    if (i + 1 < window) continue;
    ASSERT_EQ(counts, expected) << "in the run that ends with request " << i;
  }
}

std::vector<uint32_t> RandomWeights(std::mt19937& random, size_t servers, uint32_t highest) {
  std::vector<uint32_t> weights(servers);
  for (uint32_t& weight : weights) weight = 1 + random() % highest;
  return weights;
}

TEST(WeightedRoundRobin, GivesAnyTenRequestsInARowFiveThreeTwo) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    RoundRobin rotation = Rotation({5, 3, 2}, seed);
    ExpectInEveryRun(Pick(rotation, 1'000), {5, 3, 2});
  }
}

TEST(WeightedRoundRobin, GivesEachServerItsWeightInAnyRunOfAsManyRequestsAsAllWeights) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    const std::vector<uint32_t> weights = RandomWeights(random, 1 + random() % 20, 1 + random() % 50);
    RoundRobin rotation = Rotation(weights, random());
    ExpectInEveryRun(Pick(rotation, 2'000), weights);
  }
}

TEST(WeightedRoundRobin, GivesTheLargestWeightsTheirExactShare) {
  const std::vector<uint32_t> weights = {65'535, 1, 32'768};
  RoundRobin rotation = Rotation(weights);
  ExpectInEveryRun(Pick(rotation, 300'000), weights);
}

TEST(WeightedRoundRobin, SpreadsTheTurnsOfEachServerEvenly) {
  std::mt19937 random(2);
  for (int round = 0; round < 100; ++round) {
    const std::vector<uint32_t> weights = RandomWeights(random, 2 + random() % 8, 20);
    RoundRobin rotation = Rotation(weights, random());
    const std::vector<ServerSlot> picks = Pick(rotation, 1'000);
    for (ServerSlot server = 0; server < weights.size(); ++server) {
      std::vector<uint32_t> since_its_turn(weights.size());
      bool had_a_turn = false;
      for (ServerSlot pick : picks) {
        ++since_its_turn[pick];
        if (pick != server) continue;
        for (ServerSlot other = 0; other < weights.size() && had_a_turn; ++other) {
          ASSERT_GE(since_its_turn[other], weights[other] / weights[server]);
          ASSERT_LE(since_its_turn[other], (weights[other] + weights[server] - 1) / weights[server]);
        }
        had_a_turn = true;
        std::fill(since_its_turn.begin(), since_its_turn.end(), 0);
      }
    }
  }
}

TEST(WeightedRoundRobin, AlternatesBetweenTwoServersOfEqualWeight) {
  RoundRobin rotation = Rotation({7, 7});
  const std::vector<ServerSlot> picks = Pick(rotation, 1'000);
  for (size_t i = 1; i < picks.size(); ++i) ASSERT_NE(picks[i], picks[i - 1]);
}

// In fifty requests to the heavy server and fifty to the others, it must not take the first fifty.
TEST(WeightedRoundRobin, GivesAHeavyServerItsTurnsBetweenThoseOfManyLightOnes) {
  std::vector<uint32_t> weights(51, 1);
  weights[0] = 50;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    RoundRobin rotation = Rotation(weights, seed);
    const std::vector<ServerSlot> picks = Pick(rotation, 1'000);
    for (size_t begin = 0; begin + 20 <= picks.size(); ++begin) {
      ASSERT_NEAR(std::count(picks.begin() + begin, picks.begin() + begin + 20, 0u), 10, 2) << "seed " << seed;
    }
  }
}

TEST(WeightedRoundRobin, GivesTheSameRotationAfterMillionsOfRequests) {
  RoundRobin rotation = Rotation({5, 3, 2});
  const std::vector<ServerSlot> first = Pick(rotation, 10);
  for (int i = 0; i < 3'000'000; ++i) rotation.Pick(kNone);  // 300,000 rounds; the clock wraps with every fourth
  EXPECT_EQ(Pick(rotation, 10), first);
}

TEST(WeightedRoundRobin, BeginsElsewhereInEachWorker) {
  constexpr int kServers = 16, kWorkers = 1'600;
  std::map<ServerSlot, int> first;
  for (uint64_t seed = 0; seed < kWorkers; ++seed) {
    RoundRobin rotation = Rotation(std::vector<uint32_t>(kServers, 1), seed);
    ++first[rotation.Pick(kNone).value()];
  }
  // 100 each if all were as likely; the gaps between the phases of 16 servers are not all as wide.
  for (ServerSlot slot = 0; slot < kServers; ++slot) EXPECT_NEAR(first[slot], 100, 70) << slot;
}

// The rest of the tests change one server of a rotation, and compare it with one that is left alone.

TEST(WeightedRoundRobin, KeepsItsPlaceWhenAnotherServerIsAdded) {
  RoundRobin rotation = Rotation({5, 3, 2});
  RoundRobin left_alone = Rotation({5, 3, 2});
  Pick(rotation, 7);
  Pick(left_alone, 7);
  rotation.SetWeight(3, 5, nullptr);
  const std::vector<ServerSlot> picks = Pick(rotation, 150);
  EXPECT_EQ(Without(3, picks), Pick(left_alone, 100));
  ExpectInEveryRun(picks, {5, 3, 2, 5});
}

TEST(WeightedRoundRobin, KeepsItsPlaceWhenAnotherServerIsRemoved) {
  RoundRobin rotation = Rotation({5, 3, 2, 5});
  RoundRobin left_alone = Rotation({5, 3, 2, 5});
  Pick(rotation, 7);
  Pick(left_alone, 7);
  rotation.SetWeight(3, 0, nullptr);
  EXPECT_EQ(Pick(rotation, 100), Without(3, Pick(left_alone, 150)));
}

TEST(WeightedRoundRobin, KeepsItsPlaceWhenAnotherServerIsReweighted) {
  RoundRobin rotation = Rotation({5, 3, 2, 5});
  RoundRobin left_alone = Rotation({5, 3, 2, 5});
  Pick(rotation, 7);
  Pick(left_alone, 7);
  rotation.SetWeight(3, 40, nullptr);
  const std::vector<ServerSlot> picks = Pick(rotation, 500);
  EXPECT_EQ(Without(3, picks), Without(3, Pick(left_alone, 150)));
  ExpectInEveryRun(picks, {5, 3, 2, 40});
}

TEST(WeightedRoundRobin, ChangesNothingWhenAWeightIsSetToWhatItWas) {
  RoundRobin rotation = Rotation({5, 3, 2});
  RoundRobin left_alone = Rotation({5, 3, 2});
  for (int i = 0; i < 100; ++i) {
    for (ServerSlot slot = 0; slot < 3; ++slot) rotation.SetWeight(slot, 5 - slot - (slot > 0), nullptr);
    EXPECT_EQ(rotation.Pick(kNone), left_alone.Pick(kNone));
  }
}

TEST(WeightedRoundRobin, GivesAServerThatComesBackNoBurst) {
  RoundRobin rotation = Rotation({5, 3, 2});
  rotation.SetWeight(0, 0, nullptr);
  ExpectInEveryRun(Pick(rotation, 1'000), {0, 3, 2});
  rotation.SetWeight(0, 5, nullptr);
  ExpectInEveryRun(Pick(rotation, 100), {5, 3, 2});
}

TEST(WeightedRoundRobin, GivesAServerThatComesAndGoesBeforeEveryRequestNoMoreThanItsTurns) {
  RoundRobin rotation = Rotation({5, 3, 2});
  RoundRobin left_alone = Rotation({5, 3, 2});
  std::vector<ServerSlot> picks;
  for (int i = 0; i < 1'000; ++i) {
    rotation.SetWeight(1, 0, nullptr);
    rotation.SetWeight(1, 3, nullptr);
    picks.push_back(rotation.Pick(kNone).value());
  }
  EXPECT_EQ(picks, Pick(left_alone, 1'000));
}

TEST(WeightedRoundRobin, KeepsTheShareOfAServerThatIsReweightedBeforeEveryRequest) {
  RoundRobin rotation = Rotation({50, 50});
  int turns = 0;
  for (int i = 0; i < 10'000; ++i) {
    rotation.SetWeight(0, i % 2 == 0 ? 60 : 40, nullptr);
    if (rotation.Pick(kNone) == 0u) ++turns;
  }
  EXPECT_NEAR(turns, 5'000, 250);
}

TEST(WeightedRoundRobin, KeepsThePartOfTheWaitThatAReweightedServerHasBehindIt) {
  // Server 1 waits for a turn in 1,000; halfway through, its weight doubles, and so half the rest remains.
  RoundRobin rotation = Rotation({999, 1});
  while (rotation.Pick(kNone) != 1u) {
  }
  for (ServerSlot pick : Pick(rotation, 500)) ASSERT_EQ(pick, 0u);
  rotation.SetWeight(1, 2, nullptr);
  int wait = 0;
  while (rotation.Pick(kNone) != 1u) ++wait;
  EXPECT_NEAR(wait, 250, 2);
}

TEST(WeightedRoundRobin, KeepsTheTurnOfAServerThatIsPassedOver) {
  RoundRobin rotation = Rotation({5, 3, 2});
  RoundRobin left_alone = Rotation({5, 3, 2});
  for (int i = 0; i < 1'000; ++i) {
    // Two requests that change places: the first avoids the server whose turn it is.
    const ServerSlot next = left_alone.Pick(kNone).value();
    const ServerSlot after = left_alone.Pick(kNone).value();
    if (next == after) {
      ASSERT_EQ(rotation.Pick(kNone), next);
      ASSERT_EQ(rotation.Pick(kNone), after);
    } else {
      ASSERT_EQ(rotation.Pick(next), after);
      ASSERT_EQ(rotation.Pick(kNone), next);
    }
  }
}

TEST(WeightedRoundRobin, GivesAServerThatWasPassedOverForLongOneTurnAndNoBurst) {
  RoundRobin rotation = Rotation({5, 3, 2});
  std::map<ServerSlot, int> picks;
  for (int i = 0; i < 500; ++i) ++picks[rotation.Pick(0).value()];
  EXPECT_EQ(picks[0], 0);
  EXPECT_EQ(picks[1], 300);
  EXPECT_EQ(picks[2], 200);
  EXPECT_EQ(rotation.Pick(kNone), 0u);
  ExpectInEveryRun(Pick(rotation, 100), {5, 3, 2});
}

TEST(WeightedRoundRobin, PassesOverAServerForMoreRoundsThanTheClockHolds) {
  RoundRobin rotation = Rotation({1, 1});
  for (int i = 0; i < 100; ++i) ASSERT_EQ(rotation.Pick(0), 1u);
  EXPECT_EQ(rotation.Pick(kNone), 0u);
  ExpectInEveryRun(Pick(rotation, 100), {1, 1});
}

// The timetables as round_robin.h describes them, with a clock that never wraps and a look at every turn.
class Model {
 public:
  explicit Model(uint64_t first_phase) : first_phase_(first_phase) {}

  void SetWeight(ServerSlot slot, uint32_t weight) {
    while (servers_.size() <= slot) {
      const uint64_t phase = first_phase_ + servers_.size() * 0x9e3779b97f4a7c15;
      servers_.push_back({.weight = 0, .phase = phase >> 34, .turn = 0});
    }
    Server& server = servers_[slot];
    const uint32_t before = server.weight;
    if (before == weight) return;
    server.weight = weight;
    if (weight == 0) return;
    if (before == 0) {
      server.turn = TurnAfterNow(server);
      return;
    }
    if (server.turn > now_) server.turn = now_ + (server.turn - now_) * before / weight;
    server.phase = server.turn % kRound * weight % kRound;
  }

  std::optional<ServerSlot> Pick(ServerSlot avoid) {
    std::optional<ServerSlot> first = Earliest(kNone);
    if (!first) return std::nullopt;
    if (first == avoid) {
      std::optional<ServerSlot> second = Earliest(avoid);
      if (second) {
        servers_[avoid].turn = servers_[*second].turn - 1;
        first = second;
      }
    }
    Server& server = servers_[*first];
    now_ = std::max(now_, server.turn);
    server.turn = TurnAfterNow(server);
    return first;
  }

 private:
  static constexpr uint64_t kRound = 1 << 30;
  struct Server {
    uint64_t weight;
    uint64_t phase;
    uint64_t turn;
  };

  uint64_t TurnAfterNow(const Server& server) const {
    for (uint64_t round = now_ / kRound;; ++round) {
      for (uint64_t k = 0; k < server.weight; ++k) {
        const uint64_t turn = round * kRound + (k * kRound + server.phase) / server.weight;
        if (turn > now_) return turn;
      }
    }
  }

  std::optional<ServerSlot> Earliest(ServerSlot except) const {
    std::optional<ServerSlot> earliest;
    for (ServerSlot slot = 0; slot < servers_.size(); ++slot) {
      if (servers_[slot].weight == 0 || slot == except) continue;
      if (!earliest || servers_[slot].turn < servers_[*earliest].turn) earliest = slot;
    }
    return earliest;
  }

  const uint64_t first_phase_;
  std::vector<Server> servers_;
  uint64_t now_ = 4 * kRound;  // so that a turn before the beginning is no problem
};

TEST(WeightedRoundRobin, BehavesAsTheTimetablesThatItIsMadeOf) {
  std::mt19937 random(3);
  for (int round = 0; round < 100; ++round) {
    Random seed(round);
    Model model(Random(round).Next());
    RoundRobin rotation(&seed);
    const uint32_t servers = 1 + random() % 40;
    const uint32_t highest_weight = 1 + random() % 30;
    for (int step = 0; step < 2'000; ++step) {
      if (random() % 4 == 0) {
        const ServerSlot slot = random() % servers;
        const uint32_t weight = random() % 3 == 0 ? 0 : random() % (highest_weight + 1);
        rotation.SetWeight(slot, weight, nullptr);
        model.SetWeight(slot, weight);
      }
      const ServerSlot avoid = random() % 3 == 0 ? random() % servers : kNone;
      ASSERT_EQ(rotation.Pick(avoid), model.Pick(avoid)) << "round " << round << ", step " << step;
    }
  }
}

}  // namespace
}  // namespace fairlead::load_balancing
