#include "dataplane/control/references.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::control {
namespace {

using testing::IsEmpty;
using testing::UnorderedElementsAre;

TEST(References, EachSetReplacesTheOneBefore) {
  References references;
  references.Set(1, {10, 11});
  references.Set(2, {11});
  EXPECT_THAT(references.ReferrersOf(11), UnorderedElementsAre(1, 2));
  references.Set(1, {12});
  EXPECT_THAT(references.ReferrersOf(10), IsEmpty());
  EXPECT_THAT(references.ReferrersOf(11), UnorderedElementsAre(2));
  EXPECT_THAT(references.ReferrersOf(12), UnorderedElementsAre(1));
}

TEST(References, ATargetMayBeNamedTwice) {
  References references;
  references.Set(1, {10, 10});
  EXPECT_THAT(references.ReferrersOf(10), UnorderedElementsAre(1));
  references.Set(1, {});
  EXPECT_THAT(references.ReferrersOf(10), IsEmpty());
}

}  // namespace
}  // namespace fairlead::control
