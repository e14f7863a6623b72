#include <benchmark/benchmark.h>

#include "api/yaml/concat.h"
#include "api/yaml/yaml.h"
#include "fairlead/v1/resources.pb.h"

namespace fairlead::api {
namespace {

std::string FileOf(int64_t servers) {
  std::string text = "backends:\n  - id: web\n    servers:\n";
  for (int64_t i = 0; i < servers; ++i) {
    Append(text, "      - {id: w", i, ", address: \"10.0.", i / 256 % 256, ".", i % 256, ":80\", weight: 100}\n");
  }
  return text;
}

void Parse(benchmark::State& state) {
  const std::string text = FileOf(state.range(0));
  for (auto _ : state) {
    v1::Snapshot snapshot;
    if (!ParseYaml(text, {}, &snapshot).ok()) state.SkipWithError("refused");
  }
}
BENCHMARK(Parse)->Arg(100)->Arg(100'000)->Unit(benchmark::kMillisecond);

void Write(benchmark::State& state) {
  v1::Snapshot snapshot;
  if (!ParseYaml(FileOf(state.range(0)), {}, &snapshot).ok()) state.SkipWithError("refused");
  for (auto _ : state) benchmark::DoNotOptimize(ToYaml(snapshot));
}
BENCHMARK(Write)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace fairlead::api
