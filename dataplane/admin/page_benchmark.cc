// What the pages cost the control thread for a fleet of 100,000 servers: all of it, and the longest slice.

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "benchmark/benchmark.h"
#include "dataplane/admin/metrics_page.h"
#include "dataplane/admin/status_page.h"
#include "dataplane/admin/test_fleet.h"

namespace fairlead::admin {
namespace {

void ReadPages(benchmark::State& state, const std::function<std::unique_ptr<Page>(const TestFleet&)>& make_page) {
  using Clock = std::chrono::steady_clock;
  TestFleet fleet;
  for (int b = 0; b < 100; ++b) {
    const size_t backend = fleet.AddBackend("backend-" + std::to_string(b));
    for (int s = 0; s < 1'000; ++s) fleet.AddServer(backend, "server-" + std::to_string(s));
  }
  size_t bytes = 0;
  Clock::duration longest{};
  for (auto _ : state) {
    const std::unique_ptr<Page> page = make_page(fleet);
    for (size_t size = 1; size > 0; bytes += size) {
      const auto start = Clock::now();
      size = page->NextPiece().size();
      longest = std::max(longest, Clock::now() - start);
    }
  }
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
  state.counters["longest_slice_us"] = std::chrono::duration<double, std::micro>(longest).count();
  state.counters["bytes"] = benchmark::Counter(static_cast<double>(bytes), benchmark::Counter::kAvgIterations);
}

void BM_MetricsPage(benchmark::State& state) {
  ReadPages(state, [](const TestFleet& fleet) { return std::make_unique<MetricsPage>(fleet.status, ProcessUsage()); });
}
BENCHMARK(BM_MetricsPage)->Unit(benchmark::kMillisecond);

void BM_StatusPage(benchmark::State& state) {
  ReadPages(state, [](const TestFleet& fleet) { return std::make_unique<StatusPage>(fleet.status); });
}
BENCHMARK(BM_StatusPage)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace fairlead::admin
