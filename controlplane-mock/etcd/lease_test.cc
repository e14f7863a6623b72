#include "controlplane-mock/etcd/lease.h"

#include <gtest/gtest.h>

#include <chrono>

namespace fairlead::controlplane_mock::etcd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint kStart{seconds(100)};

TEST(Lease, IsNotThereBeforeItIsGranted) {
  const Lease lease;

  EXPECT_EQ(lease.id(), 0);
  EXPECT_EQ(lease.safe_until(), TimePoint::min());
  EXPECT_EQ(lease.renew_at(), TimePoint::max());
}

TEST(Lease, IsOverHereATenthBeforeItIsOverThere) {
  Lease lease;
  lease.Granted(7, seconds(10), kStart);

  EXPECT_EQ(lease.id(), 7);
  EXPECT_EQ(lease.safe_until(), kStart + seconds(9));
}

TEST(Lease, LeavesTimeForTwoTriesToRenewIt) {
  Lease lease;
  lease.Granted(7, seconds(9), kStart);

  EXPECT_EQ(lease.renew_at(), kStart + seconds(3));
}

TEST(Lease, CountsFromWhenTheRenewalWasAskedFor) {
  Lease lease;
  lease.Granted(7, seconds(10), kStart);
  lease.KeptAlive(seconds(10), kStart + seconds(3));

  EXPECT_EQ(lease.safe_until(), kStart + seconds(12));
  EXPECT_EQ(lease.renew_at(), kStart + seconds(3) + milliseconds(3333));
}

TEST(Lease, ALateAnswerToAnEarlierRenewalShortensNothing) {
  Lease lease;
  lease.Granted(7, seconds(10), kStart);
  lease.KeptAlive(seconds(10), kStart + seconds(6));
  lease.KeptAlive(seconds(10), kStart + seconds(3));

  EXPECT_EQ(lease.safe_until(), kStart + seconds(15));
}

TEST(Lease, LostAndGrantedAnewItCountsFromTheGrant) {
  Lease lease;
  lease.Granted(7, seconds(10), kStart + seconds(50));
  lease.Lost();
  EXPECT_EQ(lease.safe_until(), TimePoint::min());

  lease.Granted(8, seconds(10), kStart);

  EXPECT_EQ(lease.id(), 8);
  EXPECT_EQ(lease.safe_until(), kStart + seconds(9));
}

}  // namespace
}  // namespace fairlead::controlplane_mock::etcd
