// What a table of servers costs to build, to change and to ask, by its kind and the number of servers.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "benchmark/benchmark.h"
#include "dataplane/load_balancing/hash_policy.h"
#include "dataplane/load_balancing/hash_table.h"
#include "dataplane/load_balancing/stable_hash.h"

namespace fairlead::load_balancing {
namespace {

using config::HashTableSettings;
using Kind = HashTableSettings::Kind;

std::vector<HashTable::Change> Servers(int64_t count) {
  std::vector<HashTable::Change> servers;
  for (uint32_t i = 0; i < count; ++i) servers.push_back({i, {ServerIdentity("server-" + std::to_string(i)), 1}});
  return servers;
}

template <Kind kKind>
void Build(benchmark::State& state) {
  const HashTableSettings settings{.kind = kKind};
  const std::vector<HashTable::Change> servers = Servers(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(HashTable::Build(settings, nullptr, servers));
  state.counters["CostOf_ms"] =
      static_cast<double>(HashTable::CostOf(settings, servers.size(), servers.size())) / 1'000'000;
}

// A swap's worth of changes at 10,000 changes a second: servers go, others come in their slots.
template <Kind kKind>
void Change1000(benchmark::State& state) {
  const HashTableSettings settings{.kind = kKind};
  auto table = HashTable::Build(settings, nullptr, Servers(state.range(0)));
  uint64_t name = 0;
  for (auto _ : state) {
    std::vector<HashTable::Change> changes;
    for (int i = 0; i < 1'000; ++i) {
      const uint64_t number = ++name;
      changes.push_back({static_cast<uint32_t>(Derive(number, 1) % state.range(0)), {Derive(number, 2), 1}});
    }
    table = HashTable::Build(settings, table.get(), changes);
  }
  state.counters["us_per_change"] =
      benchmark::Counter(1'000 / 1e6, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

template <Kind kKind>
void Pick(benchmark::State& state) {
  const std::vector<HashTable::Change> servers = Servers(state.range(0));
  const auto table = HashTable::Build({.kind = kKind}, nullptr, servers);
  Random random(1);
  HashPolicy policy(&random);
  policy.SetTable(table.get());
  for (const HashTable::Change& server : servers) {
    // Of a hundred, so many are in.
    const bool in = static_cast<int64_t>(random.Below(100)) < state.range(1);
    policy.SetWeight(server.slot, in ? 1 : 0, nullptr);
    if (in) policy.SetTag(server.slot, TableEntry::TagOf(server.server.identity));
  }
  for (auto _ : state) benchmark::DoNotOptimize(policy.PickFor(random.Next(), Policy::kNone, Policy::kNone));
}

void Hash(benchmark::State& state) {
  const std::string key(state.range(0), 'k');
  for (auto _ : state) benchmark::DoNotOptimize(HashOf(key));
}

BENCHMARK(Build<Kind::kRing>)->Arg(4)->Arg(4'000)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);
BENCHMARK(Build<Kind::kMaglev>)->Arg(4)->Arg(4'000)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);
BENCHMARK(Change1000<Kind::kRing>)->Arg(4'000)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);
BENCHMARK(Change1000<Kind::kMaglev>)->Arg(4'000)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);
BENCHMARK(Pick<Kind::kRing>)->ArgsProduct({{10, 1'000, 100'000}, {100, 50, 1}});
BENCHMARK(Pick<Kind::kMaglev>)->ArgsProduct({{10, 1'000, 100'000}, {100, 50, 1}});
BENCHMARK(Hash)->Arg(16)->Arg(64)->Arg(1'024);

}  // namespace
}  // namespace fairlead::load_balancing
