#include "dataplane/metrics/histogram.h"

#include <cstdint>
#include <string>

#include "gtest/gtest.h"

namespace fairlead::metrics {
namespace {

TEST(Histogram, CountsATimeInTheFirstBucketThatIsLongEnough) {
  EXPECT_EQ(Histogram::BucketOf(0), 0u);
  for (size_t bucket = 0; bucket < Histogram::kBoundsUs.size(); ++bucket) {
    EXPECT_EQ(Histogram::BucketOf(Histogram::kBoundsUs[bucket]), bucket);
    EXPECT_EQ(Histogram::BucketOf(Histogram::kBoundsUs[bucket] + 1), bucket + 1);
  }
  EXPECT_EQ(Histogram::BucketOf(UINT64_MAX), Histogram::kBuckets - 1);
}

TEST(Histogram, FindsTheBucketOfEveryTime) {
  for (uint64_t us = 0; us < 100'000'000; us += 1 + us / 50) {
    size_t bucket = 0;
    while (bucket < Histogram::kBoundsUs.size() && us > Histogram::kBoundsUs[bucket]) ++bucket;
    ASSERT_EQ(Histogram::BucketOf(us), bucket) << us;
  }
}

TEST(Histogram, LabelsItsBucketsWithTheirBoundsInSeconds) {
  for (size_t bucket = 0; bucket < Histogram::kBoundsUs.size(); ++bucket) {
    EXPECT_DOUBLE_EQ(std::stod(std::string(Histogram::kLabels[bucket])), Histogram::kBoundsUs[bucket] / 1e6);
  }
  EXPECT_EQ(Histogram::kLabels.back(), "+Inf");
}

TEST(HistogramSum, AddsUpBucketsAndTimes) {
  Histogram first;
  Histogram second;
  first.Observe(400);
  first.Observe(70'000'000);
  second.Observe(500);
  HistogramSum sum;
  sum.Add(first);
  sum.Add(second);
  EXPECT_EQ(sum.counts.front(), 2u);
  EXPECT_EQ(sum.counts.back(), 1u);
  EXPECT_EQ(sum.sum_us, 70'000'900u);
}

}  // namespace
}  // namespace fairlead::metrics
