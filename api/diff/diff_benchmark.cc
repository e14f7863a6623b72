#include <benchmark/benchmark.h>

#include "api/diff/diff.h"
#include "api/yaml/concat.h"

namespace fairlead::api {
namespace {

// One server of many has another weight.
void OneOfMany(benchmark::State& state) {
  v1::Snapshot from;
  v1::Backend* backend = from.add_backends();
  backend->set_id("web");
  for (int i = 0; i < state.range(0); ++i) {
    v1::Server* server = backend->add_servers();
    server->set_id(Concat("w", i));
    server->set_address(Concat("10.0.0.1:", i));
  }
  v1::Snapshot to = from;
  to.mutable_backends(0)->mutable_servers(0)->set_weight(5);
  for (auto _ : state) benchmark::DoNotOptimize(Diff(from, to));
}
BENCHMARK(OneOfMany)->Arg(100)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace fairlead::api
