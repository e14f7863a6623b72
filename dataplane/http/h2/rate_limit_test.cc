#include "dataplane/http/h2/rate_limit.h"

#include <gtest/gtest.h>

namespace fairlead::http::h2 {
namespace {

int Takes(RateLimit& limit, uint64_t now_ms) {
  int taken = 0;
  while (taken < 1000 && limit.Take(now_ms)) ++taken;
  return taken;
}

TEST(RateLimit, AllowsSoManyAtOnceAndAsManyEachMinute) {
  RateLimit limit(60, 5000);
  EXPECT_EQ(Takes(limit, 5000), 60);
  EXPECT_EQ(Takes(limit, 5999), 0);
  EXPECT_EQ(Takes(limit, 6000), 1);
  EXPECT_EQ(Takes(limit, 36'000), 30);
  EXPECT_EQ(Takes(limit, 10'000'000), 60);
}

TEST(RateLimit, KeepsPartsOfOne) {
  RateLimit limit(60, 0);
  EXPECT_EQ(Takes(limit, 0), 60);
  for (uint64_t now_ms = 100; now_ms < 1000; now_ms += 100) EXPECT_FALSE(limit.Take(now_ms));
  EXPECT_TRUE(limit.Take(1000));
}

}  // namespace
}  // namespace fairlead::http::h2
