#include <benchmark/benchmark.h>

#include <string>
#include <string_view>

#include "dataplane/http/h1/benchmark_messages.h"
#include "dataplane/http/h1/request_parser.h"
#include "dataplane/http/h1/response_parser.h"
#include "dataplane/http/h1/serializer.h"

namespace fairlead::http::h1 {
namespace {

constexpr HeadLimits kLimits = {};

void WriteRequest(benchmark::State& state, std::string_view bytes) {
  RequestParser parser(&kLimits);
  RequestHead head;
  parser.Parse(bytes, &head);
  const RequestOptions options;
  std::string room(MaxRequestHeadSize(head, options), '\0');
  for (auto _ : state) {
    benchmark::DoNotOptimize(MaxRequestHeadSize(head, options));
    benchmark::DoNotOptimize(WriteRequestHead(head, options, room.data()));
    benchmark::ClobberMemory();
  }
}
BENCHMARK_CAPTURE(WriteRequest, small, kSmallRequest);
BENCHMARK_CAPTURE(WriteRequest, browser, kBrowserRequest);

void WriteResponse(benchmark::State& state, std::string_view bytes) {
  ResponseParser parser(&kLimits);
  ResponseHead head;
  parser.Parse(bytes, Method::kGet, &head);
  const ResponseOptions options;
  std::string room(MaxResponseHeadSize(head, options), '\0');
  for (auto _ : state) {
    benchmark::DoNotOptimize(MaxResponseHeadSize(head, options));
    benchmark::DoNotOptimize(WriteResponseHead(head, options, room.data()));
    benchmark::ClobberMemory();
  }
}
BENCHMARK_CAPTURE(WriteResponse, origin, kOriginResponse);

}  // namespace
}  // namespace fairlead::http::h1
