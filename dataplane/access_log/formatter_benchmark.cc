#include <benchmark/benchmark.h>

#include <memory>

#include "dataplane/access_log/format_parser.h"
#include "dataplane/access_log/formatter.h"
#include "dataplane/access_log/formatter_test_support.h"

namespace fairlead::access_log {
namespace {

void Format(benchmark::State& state, const config::AccessLog& log) {
  const testing::ExampleEntry example;
  const auto line = std::make_unique<char[]>(kMaxLineBytes);
  Formatter formatter;
  size_t size = 0;
  for (auto _ : state) size = formatter.Format(log, example.entry, line.get()) - line.get();
  state.counters["bytes"] = static_cast<double>(size);
}

void BM_Json(benchmark::State& state) { Format(state, {}); }
BENCHMARK(BM_Json);

void BM_Text(benchmark::State& state) {
  config::AccessLog log;
  ParseFormat("%{client} [%{time}] \"%{method} %{path} %{protocol}\" %{status} %{bytes_sent} \"%{user_agent}\"", &log);
  Format(state, log);
}
BENCHMARK(BM_Text);

}  // namespace
}  // namespace fairlead::access_log
