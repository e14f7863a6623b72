#include "prober/membership.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::prober {
namespace {

using News = Membership::News;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr uint64_t kTimeout = 1'000;

std::vector<std::string> Ids(const Membership& membership) {
  std::vector<std::string> ids;
  for (const Member& member : membership.members()) ids.push_back(member.id);
  return ids;
}

// Probers whose beats reach each other at once, but over links that are cut.
class Probers {
 public:
  Membership& Start(const std::string& id) {
    return probers_.try_emplace(id, id, ++incarnation_, kTimeout).first->second;
  }
  void Kill(const std::string& id) { probers_.erase(id); }
  void Cut(const std::string& from, const std::string& to) { cut_.emplace_back(from, to); }
  void Heal() { cut_.clear(); }

  // A quarter of the timeout passes: everybody sends its beat.
  void Round() {
    now_ += kTimeout / 4;
    for (auto& [from, prober] : probers_) {
      prober.Expire(now_);
      const v1::ProberBeat beat = prober.MakeBeat({}, false, now_);
      for (auto& [to, other] : probers_) {
        if (std::find(cut_.begin(), cut_.end(), std::pair(from, to)) == cut_.end()) other.Take(beat, now_);
      }
    }
  }
  void Rounds(int count) {
    for (int i = 0; i < count; ++i) Round();
  }
  std::vector<std::string> Seen(const std::string& by) { return Ids(probers_.at(by)); }

 private:
  std::map<std::string, Membership> probers_;
  std::vector<std::pair<std::string, std::string>> cut_;
  uint64_t incarnation_ = 0;
  uint64_t now_ = 1'000'000;
};

TEST(Membership, ProbersThatHearEachOtherAreThereAfterTwoBeats) {
  Probers probers;
  for (const char* id : {"a", "b", "c"}) probers.Start(id);
  probers.Rounds(2);
  EXPECT_THAT(probers.Seen("a"), ElementsAre("b", "c"));
  EXPECT_THAT(probers.Seen("b"), ElementsAre("a", "c"));
  EXPECT_THAT(probers.Seen("c"), ElementsAre("a", "b"));
}

TEST(Membership, OneThatDiesIsGoneAfterTheTimeoutAndNotBefore) {
  Probers probers;
  for (const char* id : {"a", "b", "c"}) probers.Start(id);
  probers.Rounds(3);
  probers.Kill("c");
  probers.Rounds(3);
  EXPECT_THAT(probers.Seen("a"), ElementsAre("b", "c"));
  probers.Rounds(2);
  EXPECT_THAT(probers.Seen("a"), ElementsAre("b"));
  probers.Start("c");
  probers.Rounds(2);
  EXPECT_THAT(probers.Seen("a"), ElementsAre("b", "c"));
}

// Else the one that is heard, and hears nobody, would take over what the others leave to it twice.
TEST(Membership, WhoIsHeardInOneDirectionAloneIsThereForNeither) {
  Probers probers;
  for (const char* id : {"a", "b", "c"}) probers.Start(id);
  probers.Rounds(3);
  probers.Cut("a", "b");
  probers.Rounds(10);
  EXPECT_THAT(probers.Seen("a"), ElementsAre("c"));
  EXPECT_THAT(probers.Seen("b"), ElementsAre("c"));
  EXPECT_THAT(probers.Seen("c"), ElementsAre("a", "b"));
  probers.Heal();
  probers.Rounds(3);
  EXPECT_THAT(probers.Seen("a"), ElementsAre("b", "c"));
  EXPECT_THAT(probers.Seen("b"), ElementsAre("a", "c"));
}

class TwoProbers : public ::testing::Test {
 protected:
  TwoProbers() {
    b_.Take(a_.MakeBeat({}, false, 0), 0);
    a_.Take(b_.MakeBeat({1, 2}, false, 0), 0);
    b_.Take(a_.MakeBeat({}, false, 0), 0);
  }

  Membership a_{"a", 100, kTimeout};
  Membership b_{"b", 200, kTimeout};
};

TEST_F(TwoProbers, TellWhichProxiesTheyReach) {
  EXPECT_THAT(a_.members(), ElementsAre(Member{"b", {1, 2}}));
  EXPECT_EQ(a_.Take(b_.MakeBeat({1, 2}, false, 10), 10), News::kNone);
  EXPECT_EQ(a_.Take(b_.MakeBeat({2}, false, 10), 10), News::kChanged);
  EXPECT_THAT(a_.members(), ElementsAre(Member{"b", {2}}));
}

TEST_F(TwoProbers, OneThatLeavesIsGoneAtOnce) {
  EXPECT_EQ(a_.Take(b_.MakeBeat({}, true, 10), 10), News::kChanged);
  EXPECT_THAT(a_.members(), IsEmpty());
}

TEST_F(TwoProbers, OldAndRepeatedBeatsChangeNothing) {
  const v1::ProberBeat old = b_.MakeBeat({}, false, 10);
  EXPECT_EQ(a_.Take(b_.MakeBeat({7}, false, 20), 20), News::kChanged);
  EXPECT_EQ(a_.Take(old, 30), News::kNone);
  EXPECT_THAT(a_.members(), ElementsAre(Member{"b", {7}}));
  // Nor do they keep anybody alive.
  EXPECT_TRUE(a_.Expire(20 + kTimeout));
  EXPECT_EQ(a_.Take(old, 20 + kTimeout), News::kNone);
  EXPECT_THAT(a_.members(), IsEmpty());
}

// What was recorded before this prober started does not name it.
TEST_F(TwoProbers, BeatsOfAnEarlierDayBringNobodyBack) {
  const v1::ProberBeat recorded = b_.MakeBeat({}, false, 10);
  Membership restarted("a", 101, kTimeout);
  EXPECT_EQ(restarted.Take(recorded, 20), News::kMet);
  EXPECT_THAT(restarted.members(), IsEmpty());
}

TEST_F(TwoProbers, AnotherIncarnationBeginsAnew) {
  Membership again("b", 201, kTimeout);
  EXPECT_EQ(a_.Take(again.MakeBeat({}, false, 10), 10), News::kChanged) << "it does not hear this one yet";
  EXPECT_THAT(a_.members(), IsEmpty());
  again.Take(a_.MakeBeat({}, false, 20), 20);
  EXPECT_EQ(a_.Take(again.MakeBeat({}, false, 20), 20), News::kChanged);
  EXPECT_THAT(Ids(a_), ElementsAre("b"));
}

TEST_F(TwoProbers, AnotherProberOfTheSameIdIsTold) {
  Membership twin("a", 300, kTimeout);
  EXPECT_EQ(a_.Take(twin.MakeBeat({}, false, 10), 10), News::kTwin);
  EXPECT_EQ(a_.Take(a_.MakeBeat({}, false, 10), 10), News::kNone);
}

TEST(Membership, RemembersNoMoreThanItsLimit) {
  Membership membership("a", 1, kTimeout);
  for (size_t i = 0; i < Membership::kMaxPeers + 10; ++i) {
    v1::ProberBeat beat;
    beat.set_id("b" + std::to_string(i));
    beat.set_incarnation(1);
    beat.set_sequence(1);
    membership.Take(beat, 0);
  }
  EXPECT_EQ(membership.MakeBeat({}, false, 1).heard_size(), static_cast<int>(Membership::kMaxPeers));
}

}  // namespace
}  // namespace fairlead::prober
