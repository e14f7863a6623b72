#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::hammer {

// What became of one request.
struct Outcome {
  int64_t start_ns = 0;    // CLOCK_MONOTONIC: its first byte was about to be sent
  int64_t end_ns = 0;      // its response's last byte had come, or it had failed
  int64_t latency_ns = 0;  // with a rate: from the time when it was due
  int status = 0;          // 0: no response
  std::string origin;      // X-Origin
  std::string_view path;
  std::string tag;
  std::string_view failure;  // empty: none; else its kind
  std::string detail;        // of the failure
};

// Counts outcomes. Of one thread; merged at the end.
class Tally {
 public:
  void Record(const Outcome& outcome);
  void CountConnect() { ++connects_; }
  void CountStaleRetry() { ++stale_retries_; }
  void Merge(const Tally& other);

  uint64_t requests() const { return latencies_us_.size(); }
  uint64_t failures() const;

  // One line of JSON, with {"requests", "failures", "failure_kinds": {kind: {"count", "examples": [the first 10]}},
  // "origins": {X-Origin: count}, "statuses", "stale_retries", "connects", "seconds", "requests_per_second",
  // "latency_us": {"p50", "p90", "p99", "p999", "max"}}.
  std::string ToJson(double seconds) const;

 private:
  struct Example {
    int64_t at_ns;
    std::string path;
    std::string tag;
    std::string detail;
  };
  struct Failure {
    uint64_t count = 0;
    std::vector<Example> examples;
  };

  std::map<std::string, Failure, std::less<>> failures_;
  std::map<std::string, uint64_t> origins_;
  std::map<int, uint64_t> statuses_;
  std::vector<uint32_t> latencies_us_;
  uint64_t connects_ = 0;
  uint64_t stale_retries_ = 0;
};

}  // namespace fairlead::hammer
