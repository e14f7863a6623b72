#include "dataplane/admin/server_walk.h"

#include <string>
#include <vector>

#include "dataplane/admin/test_fleet.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fairlead::admin {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> Walk(const config::Snapshot& snapshot) {
  ServerWalk walk(&snapshot);
  std::vector<std::string> steps;
  for (auto step = walk.Next(); step != ServerWalk::Step::kEnd; step = walk.Next()) {
    if (step == ServerWalk::Step::kBackendBegin) steps.push_back(walk.backend().settings->id + " begins");
    if (step == ServerWalk::Step::kServer) steps.push_back(walk.backend().settings->id + "/" + walk.server().id);
    if (step == ServerWalk::Step::kBackendEnd) steps.emplace_back("end");
  }
  EXPECT_EQ(walk.Next(), ServerWalk::Step::kEnd);
  return steps;
}

TEST(ServerWalk, VisitsServersWithinTheirBackendsAndLeavesOutFreeSlots) {
  TestFleet fleet;
  const size_t web = fleet.AddBackend("web");
  fleet.AddServer(web, "w1");
  fleet.AddFreeSlots(web);
  fleet.AddServer(web, "w2");
  fleet.AddBackend("empty");
  const size_t api = fleet.AddBackend("api");
  fleet.AddServer(api, "a1");
  EXPECT_THAT(Walk(fleet.status.snapshot), ElementsAre("web begins", "web/w1", "web/w2", "end", "empty begins", "end",
                                                       "api begins", "api/a1", "end"));
}

TEST(ServerWalk, EndsAtOnceWhereThereIsNothing) { EXPECT_THAT(Walk(config::Snapshot()), IsEmpty()); }

}  // namespace
}  // namespace fairlead::admin
