#include "controlplane-mock/waiting_room.h"

#include <gtest/gtest.h>

#include <chrono>

namespace fairlead::controlplane_mock {
namespace {

using std::chrono::seconds;

constexpr TimePoint kStart{seconds(100)};
constexpr seconds kPatience{6};

TEST(WaitingRoom, SendsOnWhoComesFirstWhereSomebodyLeads) {
  WaitingRoom room(kPatience);

  EXPECT_EQ(room.Admit("edge-1", true, kStart), kStart);
  EXPECT_EQ(room.Admit("edge-2", true, kStart), kStart);
}

TEST(WaitingRoom, KeepsWhoComesBackSoon) {
  WaitingRoom room(kPatience);
  room.Admit("edge-1", true, kStart);

  EXPECT_EQ(room.Admit("edge-1", true, kStart + seconds(1)), kStart + seconds(1) + kPatience);
  // Each time, as long as it goes on looking.
  EXPECT_EQ(room.Admit("edge-1", true, kStart + seconds(29)), kStart + seconds(29) + kPatience);
  EXPECT_EQ(room.Admit("edge-1", true, kStart + seconds(58)), kStart + seconds(58) + kPatience);
}

TEST(WaitingRoom, WhoComesBackLateIsANewcomer) {
  WaitingRoom room(kPatience);
  room.Admit("edge-1", true, kStart);

  EXPECT_EQ(room.Admit("edge-1", true, kStart + seconds(31)), kStart + seconds(31));
}

TEST(WaitingRoom, SendsOnToEachNewLeader) {
  WaitingRoom room(kPatience);
  room.Admit("edge-1", true, kStart);

  room.OnNewLeader();

  EXPECT_EQ(room.Admit("edge-1", true, kStart + seconds(1)), kStart + seconds(1));
}

TEST(WaitingRoom, KeepsEverybodyWhereNobodyLeads) {
  WaitingRoom room(kPatience);

  EXPECT_EQ(room.Admit("edge-1", false, kStart), kStart + kPatience);
  // That was no sending on.
  EXPECT_EQ(room.Admit("edge-1", true, kStart + seconds(1)), kStart + seconds(1));
}

}  // namespace
}  // namespace fairlead::controlplane_mock
