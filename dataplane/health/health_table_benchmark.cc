// What a report costs, from its line to the decision, in a fleet of 100,000 servers, and what the table holds for each.

#include <malloc.h>

#include <algorithm>
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

void BM_ReportLine(benchmark::State& state) {
  const size_t before = AllocatedBytes();
  event::TimerWheel timers;
  HealthTable table(&timers, [](std::string_view, std::string_view, config::Health) {});
  for (int i = 0; i < kServers; ++i) table.AddServer("web", "w" + std::to_string(i));
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
BENCHMARK(BM_ReportLine);

}  // namespace
}  // namespace fairlead::health
