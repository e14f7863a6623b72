// What a request pays for its choice, and a worker for the change of one server's weight, by the number of servers.

#include <atomic>
#include <cstdint>
#include <vector>

#include "benchmark/benchmark.h"
#include "dataplane/load_balancing/least_request.h"
#include "dataplane/load_balancing/policy.h"
#include "dataplane/load_balancing/random.h"
#include "dataplane/load_balancing/random_policy.h"
#include "dataplane/load_balancing/round_robin.h"

namespace fairlead::load_balancing {
namespace {

template <typename T>
class Servers {
 public:
  explicit Servers(int64_t count) : active_requests_(count) {
    for (int64_t slot = 0; slot < count; ++slot) SetWeight(slot, 1 + slot % 10);
  }
  void SetWeight(config::ServerSlot slot, uint32_t weight) { policy_.SetWeight(slot, weight, &active_requests_[slot]); }
  T& policy() { return policy_; }

 private:
  std::vector<std::atomic<uint32_t>> active_requests_;
  Random random_{1};
  T policy_{&random_};
};

template <typename T>
void Pick(benchmark::State& state) {
  Servers<T> servers(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(servers.policy().Pick(Policy::kNone));
}

template <typename T>
void PickAnother(benchmark::State& state) {
  Servers<T> servers(state.range(0));
  config::ServerSlot last = 0;
  for (auto _ : state) benchmark::DoNotOptimize(last = servers.policy().Pick(last).value());
}

template <typename T>
void SetWeight(benchmark::State& state) {
  Servers<T> servers(state.range(0));
  Random random(2);
  for (auto _ : state) servers.SetWeight(random.Below(state.range(0)), random.Below(10));
}

#define FOR_ALL_SIZES(benchmark) BENCHMARK(benchmark)->Arg(10)->Arg(1'000)->Arg(100'000)

FOR_ALL_SIZES(Pick<RoundRobin>);
FOR_ALL_SIZES(Pick<LeastRequest>);
FOR_ALL_SIZES(Pick<RandomPolicy>);
FOR_ALL_SIZES(PickAnother<RoundRobin>);
FOR_ALL_SIZES(PickAnother<LeastRequest>);
FOR_ALL_SIZES(PickAnother<RandomPolicy>);
FOR_ALL_SIZES(SetWeight<RoundRobin>);
FOR_ALL_SIZES(SetWeight<LeastRequest>);
FOR_ALL_SIZES(SetWeight<RandomPolicy>);

}  // namespace
}  // namespace fairlead::load_balancing
