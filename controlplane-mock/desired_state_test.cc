#include "controlplane-mock/desired_state.h"

#include <gtest/gtest.h>

#include "controlplane-mock/test_snapshots.h"

namespace fairlead::controlplane_mock {
namespace {

std::string FingerprintOf(v1::Snapshot snapshot) { return MakeState(std::move(snapshot))->fingerprint; }

TEST(DesiredState, FindsEarlierStatesByTheirFingerprint) {
  DesiredState desired;
  desired.Set(SnapshotOfWeight(1));
  desired.Set(SnapshotOfWeight(2));

  ASSERT_NE(desired.Find(FingerprintOf(SnapshotOfWeight(1))), nullptr);
  EXPECT_EQ(desired.Find(FingerprintOf(SnapshotOfWeight(1)))->snapshot.backends(0).servers(0).weight(), 1);
  EXPECT_EQ(desired.Find(FingerprintOf(SnapshotOfWeight(3))), nullptr);
}

TEST(DesiredState, DoesNotTakeTheEmptyStateBeforeTheFirstForOneThatWasEverWanted) {
  DesiredState desired;
  desired.Set(SnapshotOfWeight(1));

  EXPECT_EQ(desired.Find(FingerprintOf({})), nullptr);
}

TEST(DesiredState, AStateThatComesBackIsTheCurrentOne) {
  DesiredState desired;
  desired.Set(SnapshotOfWeight(1));
  desired.Set(SnapshotOfWeight(2));
  desired.Set(SnapshotOfWeight(1));

  EXPECT_EQ(desired.current()->fingerprint, FingerprintOf(SnapshotOfWeight(1)));
  EXPECT_NE(desired.Find(FingerprintOf(SnapshotOfWeight(2))), nullptr);
  EXPECT_EQ(desired.generation(), 3);
}

TEST(DesiredState, ForgetsTheOldestBeyondItsLimit) {
  DesiredState desired;
  for (uint32_t weight = 0; weight <= DesiredState::kRemembered; ++weight) desired.Set(SnapshotOfWeight(weight));

  EXPECT_EQ(desired.Find(FingerprintOf(SnapshotOfWeight(0))), nullptr);
  EXPECT_NE(desired.Find(FingerprintOf(SnapshotOfWeight(1))), nullptr);
}

}  // namespace
}  // namespace fairlead::controlplane_mock
