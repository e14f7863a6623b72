#include <benchmark/benchmark.h>

#include "absl/strings/str_cat.h"
#include "api/fingerprint/fingerprint.h"

namespace fairlead::api {
namespace {

void OneBackend(benchmark::State& state) {
  v1::Snapshot snapshot;
  v1::Backend* backend = snapshot.add_backends();
  backend->set_id("web");
  for (int i = 0; i < state.range(0); ++i) {
    v1::Server* server = backend->add_servers();
    server->set_id(absl::StrCat("w", i));
    server->set_address(absl::StrCat("10.0.0.1:", i));
    server->set_weight(100);
  }
  for (auto _ : state) benchmark::DoNotOptimize(OfSnapshot(snapshot));
}
BENCHMARK(OneBackend)->Arg(1)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace fairlead::api
