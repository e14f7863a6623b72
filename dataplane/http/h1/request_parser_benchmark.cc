#include <benchmark/benchmark.h>

#include <string_view>

#include "dataplane/http/h1/benchmark_messages.h"
#include "dataplane/http/h1/request_parser.h"

namespace fairlead::http::h1 {
namespace {

void ParseRequest(benchmark::State& state, std::string_view bytes) {
  const HeadLimits limits;
  RequestParser parser(&limits);
  RequestHead head;
  for (auto _ : state) {
    parser.Reset();
    benchmark::DoNotOptimize(parser.Parse(bytes, &head));
    benchmark::DoNotOptimize(head.framing);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * bytes.size()));
}
BENCHMARK_CAPTURE(ParseRequest, small, kSmallRequest);
BENCHMARK_CAPTURE(ParseRequest, browser, kBrowserRequest);

}  // namespace
}  // namespace fairlead::http::h1
