#include "tests/support/hammer/tally.h"

#include <algorithm>

#include "tests/support/peer/text.h"

namespace fairlead::hammer {
namespace {

using peer::Concat;
using peer::Quoted;

constexpr size_t kMaxExamples = 10;

// {"a": 1, "b": 2}, of pairs whose values are JSON already or numbers.
template <typename Map>
std::string JsonObject(const Map& map) {
  std::string json;
  for (const auto& [key, value] : map) {
    json += Concat(json.empty() ? "" : ", ", Quoted(peer::ToText(key)), ": ", value);
  }
  return Concat("{", json, "}");
}

// The value that a share of all is not above; `sorted` is not empty.
uint32_t Percentile(const std::vector<uint32_t>& sorted, double share) {
  auto index = static_cast<size_t>(share * static_cast<double>(sorted.size()));
  return sorted[std::min(index, sorted.size() - 1)];
}

}  // namespace

void Tally::Record(const Outcome& outcome) {
  latencies_us_.push_back(static_cast<uint32_t>(outcome.latency_ns / 1000));
  if (outcome.status != 0) {
    ++statuses_[outcome.status];
    if (!outcome.origin.empty()) ++origins_[outcome.origin];
  }
  if (outcome.failure.empty()) return;
  Failure& failure = failures_[std::string(outcome.failure)];
  ++failure.count;
  if (failure.examples.size() < kMaxExamples) {
    failure.examples.push_back({outcome.end_ns, std::string(outcome.path), outcome.tag, outcome.detail});
  }
}

void Tally::Merge(const Tally& other) {
  for (const auto& [kind, theirs] : other.failures_) {
    Failure& ours = failures_[kind];
    ours.count += theirs.count;
    ours.examples.insert(ours.examples.end(), theirs.examples.begin(), theirs.examples.end());
    std::sort(ours.examples.begin(), ours.examples.end(),
              [](const Example& a, const Example& b) { return a.at_ns < b.at_ns; });
    if (ours.examples.size() > kMaxExamples)
      ours.examples.erase(ours.examples.begin() + kMaxExamples, ours.examples.end());
  }
  for (const auto& [origin, count] : other.origins_) origins_[origin] += count;
  for (const auto& [status, count] : other.statuses_) statuses_[status] += count;
  latencies_us_.insert(latencies_us_.end(), other.latencies_us_.begin(), other.latencies_us_.end());
  connects_ += other.connects_;
  stale_retries_ += other.stale_retries_;
}

uint64_t Tally::failures() const {
  uint64_t count = 0;
  for (const auto& [kind, failure] : failures_) count += failure.count;
  return count;
}

std::string Tally::ToJson(double seconds) const {
  std::map<std::string, std::string> kinds;
  for (const auto& [kind, failure] : failures_) {
    std::string examples;
    for (const Example& example : failure.examples) {
      examples +=
          Concat(examples.empty() ? "" : ", ", "{\"at_ns\": ", example.at_ns, ", \"path\": ", Quoted(example.path),
                 ", \"tag\": ", Quoted(example.tag), ", \"detail\": ", Quoted(example.detail), "}");
    }
    kinds[kind] = Concat("{\"count\": ", failure.count, ", \"examples\": [", examples, "]}");
  }
  std::vector<uint32_t> sorted = latencies_us_;
  std::sort(sorted.begin(), sorted.end());
  if (sorted.empty()) sorted.push_back(0);
  auto per_second = static_cast<uint64_t>(seconds > 0 ? static_cast<double>(requests()) / seconds : 0);
  return Concat("{\"requests\": ", requests(), ", \"failures\": ", failures(),
                ", \"failure_kinds\": ", JsonObject(kinds), ", \"origins\": ", JsonObject(origins_),
                ", \"statuses\": ", JsonObject(statuses_), ", \"stale_retries\": ", stale_retries_,
                ", \"connects\": ", connects_, ", \"seconds\": ", std::to_string(seconds),
                ", \"requests_per_second\": ", per_second, ", \"latency_us\": {\"p50\": ", Percentile(sorted, 0.5),
                ", \"p90\": ", Percentile(sorted, 0.9), ", \"p99\": ", Percentile(sorted, 0.99),
                ", \"p999\": ", Percentile(sorted, 0.999), ", \"max\": ", sorted.back(), "}}");
}

}  // namespace fairlead::hammer
