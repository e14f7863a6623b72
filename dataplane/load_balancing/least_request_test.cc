#include "dataplane/load_balancing/least_request.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <numeric>
#include <optional>
#include <random>
#include <vector>

#include "dataplane/load_balancing/policy.h"
#include "dataplane/load_balancing/random.h"
#include "gtest/gtest.h"

namespace fairlead::load_balancing {
namespace {

using config::ServerSlot;
constexpr ServerSlot kNone = Policy::kNone;

// The policy with servers and their numbers of active requests, by slot.
template <size_t kServers>
class Servers {
 public:
  explicit Servers(const std::array<uint32_t, kServers>& weights) {
    for (size_t slot = 0; slot < kServers; ++slot) policy_.SetWeight(slot, weights[slot], &active_[slot]);
  }

  LeastRequest& policy() { return policy_; }
  std::atomic<uint32_t>& active(ServerSlot slot) { return active_[slot]; }

  // Sends `requests` that never end.
  void Send(int requests) {
    for (int i = 0; i < requests; ++i) ++active_[policy_.Pick(kNone).value()];
  }
  // How often each is picked while nothing changes.
  std::array<int, kServers> Picks(int picks) {
    std::array<int, kServers> counts{};
    for (int i = 0; i < picks; ++i) ++counts[policy_.Pick(kNone).value()];
    return counts;
  }

 private:
  std::array<std::atomic<uint32_t>, kServers> active_{};
  Random random_{1};
  LeastRequest policy_{&random_};
};

TEST(LeastRequest, PicksTheOnlyServerHoweverBusy) {
  Servers<1> servers({3});
  servers.active(0) = 1'000'000;
  EXPECT_EQ(servers.policy().Pick(kNone), 0u);
}

// Of two servers both are always drawn: were the draws not distinct, the busy one would win a quarter of them.
TEST(LeastRequest, NeverPicksTheBusierOfTwo) {
  Servers<2> servers({1, 1});
  servers.active(1) = 1;
  EXPECT_EQ(servers.Picks(1'000)[1], 0);
}

TEST(LeastRequest, PicksTheMostBusyOfManyNever) {
  Servers<5> servers({1, 1, 1, 1, 1});
  servers.active(3) = 2;
  EXPECT_EQ(servers.Picks(1'000)[3], 0);
}

TEST(LeastRequest, ComparesRequestsForTheWeight) {
  Servers<2> servers({1, 3});
  servers.active(0) = 1;
  servers.active(1) = 2;  // 2/3 against 1
  EXPECT_EQ(servers.Picks(100)[0], 0);
  servers.active(1) = 4;  // 4/3 against 1
  EXPECT_EQ(servers.Picks(100)[1], 0);
}

TEST(LeastRequest, DecidesATieByTheWeights) {
  Servers<2> servers({1, 3});
  servers.active(0) = 1;
  servers.active(1) = 3;
  // A binomial distribution's five standard deviations: sqrt(10,000 * 0.25 * 0.75) = 43.
  EXPECT_NEAR(servers.Picks(10'000)[0], 2'500, 5 * 43);
}

// One request at a time: each finds all servers idle.
TEST(LeastRequest, SharesByWeightWhileAllAreIdle) {
  Servers<3> servers({5, 3, 2});
  const std::array<int, 3> picks = servers.Picks(10'000);
  EXPECT_NEAR(picks[0], 5'000, 5 * 50);
  EXPECT_NEAR(picks[1], 3'000, 5 * 46);
  EXPECT_NEAR(picks[2], 2'000, 5 * 40);
}

TEST(LeastRequest, ComparesTheLargestNumbersWithoutOverflow) {
  Servers<2> servers({65'535, 65'535});
  servers.active(0) = UINT32_MAX;
  servers.active(1) = UINT32_MAX - 1;
  EXPECT_EQ(servers.Picks(100)[0], 0);
}

TEST(LeastRequest, SeesTheRequestsOfTheServerThatTookOverASlot) {
  Servers<2> servers({1, 1});
  servers.active(0) = 5;
  std::atomic<uint32_t> of_the_new_one{0};
  servers.active(1) = 3;
  servers.policy().SetWeight(0, 1, &of_the_new_one);
  EXPECT_EQ(servers.Picks(100)[1], 0);
}

// With requests that never end, 10,000 of them over 100 servers: drawing one server by chance would leave the busiest
// with about 125, and two choices leave it with about 102 (Azar et al., "Balanced allocations", 1999).
TEST(LeastRequest, KeepsTheBusiestServerNearTheMean) {
  std::array<uint32_t, 100> weights;
  weights.fill(1);
  Servers<100> servers(weights);
  servers.Send(10'000);
  for (ServerSlot slot = 0; slot < 100; ++slot) EXPECT_LE(servers.active(slot), 105u);
}

TEST(LeastRequest, FillsServersByWeight) {
  Servers<3> servers({5, 3, 2});
  servers.Send(1'000);
  EXPECT_NEAR(servers.active(0), 500, 10);
  EXPECT_NEAR(servers.active(1), 300, 10);
  EXPECT_NEAR(servers.active(2), 200, 10);
}

// The same algorithm with plain lists, on the same random numbers.
class Model {
 public:
  Model(size_t servers, uint64_t seed) : weights(servers), active(servers), random_(seed) {}

  std::optional<ServerSlot> Pick(ServerSlot avoid) {
    const std::optional<ServerSlot> first = Draw({avoid});
    if (!first) return Draw({});
    const std::optional<ServerSlot> second = Draw({avoid, *first});
    if (!second) return first;
    const double of_first = double(active[*first]) / weights[*first];
    const double of_second = double(active[*second]) / weights[*second];
    return of_second < of_first ? second : first;
  }

  std::vector<uint32_t> weights;
  std::vector<uint32_t> active;

 private:
  std::optional<ServerSlot> Draw(const std::vector<ServerSlot>& except) {
    std::vector<ServerSlot> tickets;
    for (ServerSlot slot = 0; slot < weights.size(); ++slot) {
      if (std::find(except.begin(), except.end(), slot) == except.end()) {
        tickets.insert(tickets.end(), weights[slot], slot);
      }
    }
    if (tickets.empty()) return std::nullopt;
    return tickets[random_.Below(tickets.size())];
  }

  Random random_;
};

TEST(LeastRequest, BehavesAsTwoDrawsOfTickets) {
  std::mt19937 random(1);
  for (int round = 0; round < 50; ++round) {
    const size_t servers = 1 + random() % 30;
    std::vector<std::atomic<uint32_t>> active(servers);
    Random numbers(round);
    LeastRequest policy(&numbers);
    Model model(servers, round);
    for (int step = 0; step < 1'000; ++step) {
      const ServerSlot slot = random() % servers;
      if (random() % 4 == 0) {
        model.weights[slot] = random() % 3 == 0 ? 0 : random() % 10;
        policy.SetWeight(slot, model.weights[slot], &active[slot]);
      }
      model.active[slot] = random() % 5;
      active[slot] = model.active[slot];
      const ServerSlot avoid = random() % 3 == 0 ? random() % servers : kNone;
      ASSERT_EQ(policy.Pick(avoid), model.Pick(avoid)) << "round " << round << ", step " << step;
    }
  }
}

}  // namespace
}  // namespace fairlead::load_balancing
