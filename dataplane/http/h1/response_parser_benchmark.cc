#include <benchmark/benchmark.h>

#include <string_view>

#include "dataplane/http/h1/benchmark_messages.h"
#include "dataplane/http/h1/response_parser.h"

namespace fairlead::http::h1 {
namespace {

void ParseResponse(benchmark::State& state, std::string_view bytes) {
  const HeadLimits limits;
  ResponseParser parser(&limits);
  ResponseHead head;
  for (auto _ : state) {
    parser.Reset();
    benchmark::DoNotOptimize(parser.Parse(bytes, Method::kGet, &head));
    benchmark::DoNotOptimize(head.framing);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * bytes.size()));
}
BENCHMARK_CAPTURE(ParseResponse, origin, kOriginResponse);

}  // namespace
}  // namespace fairlead::http::h1
