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
  const HeadEdits edits;
  std::string room(MaxRequestHeadSize(head, edits), '\0');
  for (auto _ : state) {
    benchmark::DoNotOptimize(MaxRequestHeadSize(head, edits));
    benchmark::DoNotOptimize(WriteRequestHead(head, edits, room.data()));
    benchmark::ClobberMemory();
  }
}
BENCHMARK_CAPTURE(WriteRequest, small, kSmallRequest);
BENCHMARK_CAPTURE(WriteRequest, browser, kBrowserRequest);

// A rule's changes, and what servers are told of the client.
void WriteEditedRequest(benchmark::State& state) {
  RequestParser parser(&kLimits);
  RequestHead head;
  parser.Parse(kBrowserRequest, &head);
  HeadEdits edits;
  std::string room(2 * kBrowserRequest.size(), '\0');
  for (auto _ : state) {
    edits.Clear();
    edits.target = "/rewritten";
    edits.fields.Remove("X-Forwarded-Proto");
    edits.fields.Set("X-Forwarded-For", "192.0.2.1");
    edits.fields.Set("X-Request-Id", "8f14e45f-ceea-467f-a0b2-1d2a3b4c5d6e");
    edits.fields.Add("Via", "1.1 fairlead");
    benchmark::DoNotOptimize(MaxRequestHeadSize(head, edits));
    benchmark::DoNotOptimize(WriteRequestHead(head, edits, room.data()));
    benchmark::ClobberMemory();
  }
}
BENCHMARK(WriteEditedRequest);

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
