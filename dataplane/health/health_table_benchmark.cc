// What a report costs, from its line to the decision, in a fleet of 100,000 servers, and what the table holds for each:
// where the word that came last decides, and where votes are counted. And what a server that changes costs in backends
// of all sizes.

#include <malloc.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "benchmark/benchmark.h"
#include "dataplane/health/health_table.h"
#include "dataplane/health/line_protocol.h"

namespace fairlead::health {
namespace {

constexpr int kServers = 100'000;
constexpr int kReporters = 3;

size_t AllocatedBytes() { return mallinfo2().uordblks; }

// Every rule there is.
config::HealthRulesPtr AllRules() {
  return std::make_shared<const config::HealthRules>(
      config::HealthRules{.down = config::HealthQuorum{.votes = 2, .failure_domains = 2},
                          .up = config::HealthQuorum{.votes = 2, .failure_domains = 2},
                          .keep_last_ms = 60'000,
                          .damping = config::FlapDamping{.half_life_ms = 1'000, .suppress = 1e6, .reuse = 1'000},
                          .fail_safe = config::FailSafe{.max_share = 1, .within_ms = 1'000}});
}

void AddServers(HealthTable& table, int servers) {
  for (int i = 0; i < servers; ++i) {
    const std::string id = "w" + std::to_string(i);
    table.AddServer("web", id);
    table.SetInService("web", id, true);
  }
}

void ReportLines(benchmark::State& state, const config::HealthRulesPtr& rules) {
  const size_t before = AllocatedBytes();
  event::TimerWheel timers;
  HealthTable table(&timers, [](std::string_view, std::string_view, config::Health) {});
  table.SetRules("web", rules);
  AddServers(table, kServers);
  const size_t empty = AllocatedBytes();

  std::vector<std::string> lines;
  for (int reporter = 0; reporter < kReporters; ++reporter) {
    for (int i = 0; i < kServers; ++i) {
      lines.push_back("report web/w" + std::to_string(i) + " up ttl=10s reporter=probe-" + std::to_string(reporter) +
                      " incarnation=3 reason=\"200 OK\"");
    }
  }
  std::shuffle(lines.begin(), lines.end(), std::mt19937(1));
  LineParser parser;
  const auto take = [&](const std::string& line) { return table.Take(parser.Parse(line).report).ok(); };
  const size_t before_reports = AllocatedBytes();
  for (const std::string& line : lines) take(line);
  state.counters["bytes_per_server"] = static_cast<double>(empty - before) / kServers;
  state.counters["bytes_per_claim"] =
      static_cast<double>(AllocatedBytes() - before_reports) / static_cast<double>(lines.size());

  size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(take(lines[next]));
    next = next + 1 == lines.size() ? 0 : next + 1;
  }
  state.SetItemsProcessed(state.iterations());
}

void BM_ReportLine(benchmark::State& state) { ReportLines(state, nullptr); }
BENCHMARK(BM_ReportLine);

void BM_ReportLineWithAllRules(benchmark::State& state) { ReportLines(state, AllRules()); }
BENCHMARK(BM_ReportLineWithAllRules);

// One of the backend's servers changes with each report of the second reporter.
void BM_Flip(benchmark::State& state) {
  event::TimerWheel timers;
  uint64_t changes = 0;
  HealthTable table(&timers, [&](std::string_view, std::string_view, config::Health) { ++changes; });
  table.SetRules("web", AllRules());
  const auto servers = static_cast<int>(state.range(0));
  AddServers(table, servers);
  std::vector<std::string> ids;
  for (int i = 0; i < servers; ++i) ids.push_back("w" + std::to_string(i));
  std::shuffle(ids.begin(), ids.end(), std::mt19937(1));
  const auto say = [&](size_t server, std::string_view reporter, config::Health health) {
    Report report;
    report.backend = "web";
    report.server = ids[server];
    report.status = health;
    report.reporter = reporter;
    benchmark::DoNotOptimize(table.Take(report).ok());
  };
  // Few enough to lie in the caches, however many there are beside them.
  const size_t few = std::min<size_t>(ids.size(), 100);
  uint64_t now_ms = 1;
  size_t next = 0;
  for (auto _ : state) {
    const config::Health health = next / few % 2 == 0 ? config::Health::kDown : config::Health::kUp;
    say(next % few, "probe-a", health);
    say(next % few, "probe-b", health);
    if (++next % few == 0) timers.Advance(now_ms += 10);
  }
  state.counters["changes"] = static_cast<double>(changes) / static_cast<double>(state.iterations());
}
BENCHMARK(BM_Flip)->Arg(100)->Arg(10'000)->Arg(100'000);

}  // namespace
}  // namespace fairlead::health
