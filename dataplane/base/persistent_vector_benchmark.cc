// What a transaction pays for the servers of a backend, by the backend's size.

#include <cstdint>
#include <memory>

#include "benchmark/benchmark.h"
#include "dataplane/base/persistent_vector.h"

namespace fairlead::base {
namespace {

using Vector = PersistentVector<std::shared_ptr<const int>>;

Vector OfSize(int64_t size) {
  Vector vector;
  for (int64_t i = 0; i < size; ++i) vector.PushBack(std::make_shared<const int>(i));
  return vector;
}

void CopyAndSet(benchmark::State& state) {
  Vector vector = OfSize(state.range(0));
  auto value = std::make_shared<const int>(-1);
  size_t index = 0;
  for (auto _ : state) {
    Vector copy = vector;
    copy.Set(index, value);
    vector = std::move(copy);
    index = (index + 7'919) % vector.size();
  }
}
BENCHMARK(CopyAndSet)->Arg(4)->Arg(1'000)->Arg(100'000);

void Read(benchmark::State& state) {
  const Vector vector = OfSize(state.range(0));
  size_t index = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(vector[index].get());
    index = (index + 7'919) % vector.size();
  }
}
BENCHMARK(Read)->Arg(4)->Arg(1'000)->Arg(100'000);

void Build(benchmark::State& state) {
  auto value = std::make_shared<const int>(1);
  for (auto _ : state) {
    Vector vector;
    for (int64_t i = 0; i < state.range(0); ++i) vector.PushBack(value);
    benchmark::DoNotOptimize(vector);
  }
}
BENCHMARK(Build)->Arg(4)->Arg(100'000);

}  // namespace
}  // namespace fairlead::base
