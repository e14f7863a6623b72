#include "dataplane/admin/status.h"

#include "dataplane/admin/test_fleet.h"
#include "gtest/gtest.h"

namespace fairlead::admin {
namespace {

TEST(WhyNotReady, NothingSpeaksAgainstAProxyWhoseWorkersServeARevision) {
  EXPECT_EQ(WhyNotReady(TestFleet().status), "");
}

TEST(WhyNotReady, AnEmptyProxyWaitsForItsController) {
  TestFleet fleet;
  fleet.status.snapshot.revision = 0;
  EXPECT_EQ(WhyNotReady(fleet.status), "no revision yet: a controller has to send one");
}

TEST(WhyNotReady, EachWorkerHasToServeARevision) {
  TestFleet fleet;
  fleet.status.workers[1].revision = 0;
  EXPECT_EQ(WhyNotReady(fleet.status), "worker 1 serves no revision yet");
  fleet.status.snapshot.revision = 2;
  fleet.status.workers[1].revision = 1;  // one behind is fine
  EXPECT_EQ(WhyNotReady(fleet.status), "");
}

TEST(WhyNotReady, ADrainingProxyWantsNoTraffic) {
  TestFleet fleet;
  fleet.status.draining = true;
  EXPECT_EQ(WhyNotReady(fleet.status), "draining");
}

}  // namespace
}  // namespace fairlead::admin
