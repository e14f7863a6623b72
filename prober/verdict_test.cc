#include "prober/verdict.h"

#include <gtest/gtest.h>

#include <string_view>

namespace fairlead::prober {
namespace {

using State = Verdict::State;

// Each '+' is a check that succeeded, each '-' one that failed.
Verdict After(std::string_view checks, uint32_t rise = 2, uint32_t fall = 3) {
  Verdict verdict;
  for (char check : checks) verdict.Add(check == '+', rise, fall);
  return verdict;
}

TEST(Verdict, OfWhatIsNotKnownOneSuccessIsEnough) {
  EXPECT_EQ(After("").state(), State::kUnknown);
  EXPECT_EQ(After("+").state(), State::kUp);
  EXPECT_EQ(After("--+").state(), State::kUp);
}

TEST(Verdict, FallsAfterSoManyFailuresInARow) {
  EXPECT_EQ(After("--").state(), State::kUnknown);
  EXPECT_EQ(After("---").state(), State::kDown);
  EXPECT_EQ(After("+--").state(), State::kUp);
  EXPECT_EQ(After("+---").state(), State::kDown);
  EXPECT_EQ(After("+--+--").state(), State::kUp) << "not in a row";
  EXPECT_EQ(After("+-", 2, 1).state(), State::kDown);
}

TEST(Verdict, RisesAfterSoManySuccessesInARow) {
  EXPECT_EQ(After("---+").state(), State::kDown);
  EXPECT_EQ(After("---++").state(), State::kUp);
  EXPECT_EQ(After("---+-+").state(), State::kDown) << "not in a row";
  EXPECT_EQ(After("---+", 1).state(), State::kUp);
}

TEST(Verdict, IsInDoubtWhileChecksContradictIt) {
  EXPECT_FALSE(After("").in_doubt());
  EXPECT_FALSE(After("+").in_doubt());
  EXPECT_TRUE(After("+-").in_doubt());
  EXPECT_EQ(After("+--").against(), 2u);
  EXPECT_FALSE(After("+-+").in_doubt());
  EXPECT_FALSE(After("+---").in_doubt());
  EXPECT_TRUE(After("---+").in_doubt());
  EXPECT_FALSE(After("---+-").in_doubt());
}

}  // namespace
}  // namespace fairlead::prober
