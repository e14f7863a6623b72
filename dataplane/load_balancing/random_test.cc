#include "dataplane/load_balancing/random.h"

#include <array>
#include <bit>
#include <cstdint>

#include "gtest/gtest.h"

namespace fairlead::load_balancing {
namespace {

// The first numbers of the authors' reference programs, splitmix64.c and xoshiro256plusplus.c, for the seed 42.
TEST(Random, GivesTheNumbersOfTheReference) {
  Random random(42);
  EXPECT_EQ(random.Next(), 0xd0764d4f4476689fu);
  EXPECT_EQ(random.Next(), 0x519e4174576f3791u);
  EXPECT_EQ(random.Next(), 0xfbe07cfb0c24ed8cu);
}

TEST(Random, RepeatsItselfForTheSameSeedAlone) {
  Random one(7), same(7), other(8);
  int equal = 0;
  for (int i = 0; i < 1'000; ++i) {
    const uint64_t number = one.Next();
    EXPECT_EQ(number, same.Next());
    if (number == other.Next()) ++equal;
  }
  EXPECT_EQ(equal, 0);
}

TEST(Random, SetsEachBitHalfOfTheTime) {
  Random random(1);
  std::array<int, 64> set{};
  constexpr int kNumbers = 100'000;
  for (int i = 0; i < kNumbers; ++i) {
    const uint64_t number = random.Next();
    for (int bit = 0; bit < 64; ++bit) set[bit] += (number >> bit) & 1;
  }
  // Five standard deviations of a binomial distribution: sqrt(100,000) / 2 = 158.
  for (int count : set) EXPECT_NEAR(count, kNumbers / 2, 5 * 158);
}

TEST(Random, DrawsEveryNumberBelowTheBoundAsOften) {
  Random random(1);
  std::array<int, 10> drawn{};
  constexpr int kDraws = 100'000;
  for (int i = 0; i < kDraws; ++i) {
    const uint64_t number = random.Below(10);
    ASSERT_LT(number, 10u);
    ++drawn[number];
  }
  // Five standard deviations: sqrt(100,000 * 0.1 * 0.9) = 95.
  for (int count : drawn) EXPECT_NEAR(count, kDraws / 10, 5 * 95);
}

TEST(Random, StaysBelowBoundsOfAnySize) {
  Random random(1);
  for (uint64_t bound : {uint64_t{1}, uint64_t{2}, uint64_t{1} << 33, UINT64_MAX}) {
    for (int i = 0; i < 1'000; ++i) EXPECT_LT(random.Below(bound), bound);
  }
}

}  // namespace
}  // namespace fairlead::load_balancing
