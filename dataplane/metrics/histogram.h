#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dataplane/metrics/counter.h"

namespace fairlead::metrics {

// How long something took, many times: counts in buckets that are the same for all histograms, as Prometheus wants
// them. Written by one thread, read by any; an observation costs two increments. 144 bytes.
class Histogram {
 public:
  // The longest time that each bucket but the last counts, in microseconds, and as the label `le` says it, in seconds.
  static constexpr std::array<uint32_t, 16> kBoundsUs = {
      500,     1'000,   2'500,     5'000,     10'000,    25'000,     50'000,     100'000,
      250'000, 500'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000, 30'000'000, 60'000'000};
  static constexpr size_t kBuckets = kBoundsUs.size() + 1;
  static constexpr std::array<std::string_view, kBuckets> kLabels = {
      "0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25",
      "0.5",    "1",     "2.5",    "5",     "10",   "30",    "60",   "+Inf"};

  void Observe(uint64_t microseconds) {
    counts_[BucketOf(microseconds)].Increment();
    sum_us_.Add(microseconds);
  }

  // How often a time fell into this bucket, and not into one before it.
  uint64_t count(size_t bucket) const { return counts_[bucket].value(); }
  uint64_t sum_us() const { return sum_us_.value(); }

  static size_t BucketOf(uint64_t microseconds) {
    size_t bucket = kFirstBucket[std::bit_width(microseconds)];
    while (bucket < kBoundsUs.size() && microseconds > kBoundsUs[bucket]) ++bucket;  // two at most
    return bucket;
  }

 private:
  // By the number's bits: the bucket of the least number that has so many.
  static constexpr std::array<uint8_t, 65> kFirstBucket = [] {
    std::array<uint8_t, 65> first = {};
    for (size_t bits = 1; bits < first.size(); ++bits) {
      while (first[bits] < kBoundsUs.size() && uint64_t{1} << (bits - 1) > kBoundsUs[first[bits]]) ++first[bits];
    }
    return first;
  }();

  Counter counts_[kBuckets];
  Counter sum_us_;
};

// Histograms of several threads added up.
struct HistogramSum {
  std::array<uint64_t, Histogram::kBuckets> counts = {};
  uint64_t sum_us = 0;

  void Add(const Histogram& histogram) {
    for (size_t bucket = 0; bucket < counts.size(); ++bucket) counts[bucket] += histogram.count(bucket);
    sum_us += histogram.sum_us();
  }
};

}  // namespace fairlead::metrics
