#include "dataplane/event/turn_work.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <utility>
#include <vector>

namespace fairlead::event {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class TurnWorkTest : public ::testing::Test {
 protected:
  class Worker final : public TurnWorker {
   public:
    Worker(TurnWorkTest* test, int number) : test_(test), number_(number) {}
    void RunTurnWork() override {
      test_->ran.push_back(number_);
      if (then) std::exchange(then, nullptr)();
    }
    std::function<void()> then;

   private:
    TurnWorkTest* test_;
    int number_;
  };

  TurnWork work;
  std::vector<int> ran;
  Worker one{this, 1}, two{this, 2}, three{this, 3};
};

TEST_F(TurnWorkTest, RunsAtTheScopesEndInTheOrderOfAdding) {
  {
    TurnScope scope(&work);
    work.Add(&two);
    work.Add(&one);
    EXPECT_THAT(ran, IsEmpty());
  }
  EXPECT_THAT(ran, ElementsAre(2, 1));
}

TEST_F(TurnWorkTest, RunsAWorkerOnceHoweverOftenItIsAdded) {
  {
    TurnScope scope(&work);
    for (int i = 0; i < 3; ++i) work.Add(&one);
  }
  EXPECT_THAT(ran, ElementsAre(1));
  {
    TurnScope scope(&work);
    work.Add(&one);
  }
  EXPECT_THAT(ran, ElementsAre(1, 1));
}

TEST_F(TurnWorkTest, RunsWhatIsAddedFirstBeforeAllThatWait) {
  {
    TurnScope scope(&work);
    work.AddFirst(&one);
    work.Add(&two);
    work.AddFirst(&three);
    work.AddFirst(&two);  // waits already
  }
  EXPECT_THAT(ran, ElementsAre(3, 1, 2));
}

TEST_F(TurnWorkTest, RunsWhatWorkersAdd) {
  one.then = [&] {
    work.Add(&one);
    work.Add(&three);
  };
  {
    TurnScope scope(&work);
    work.Add(&one);
    work.Add(&two);
  }
  EXPECT_THAT(ran, ElementsAre(1, 2, 1, 3));
}

TEST_F(TurnWorkTest, LetsAWorkerDestroyItself) {
  struct Last final : TurnWorker {
    explicit Last(bool* destroyed) : destroyed(destroyed) {}
    ~Last() { *destroyed = true; }
    void RunTurnWork() override { delete this; }
    bool* destroyed;
  };
  bool destroyed = false;
  {
    TurnScope scope(&work);
    work.Add(new Last(&destroyed));
    work.Add(&one);
  }
  EXPECT_TRUE(destroyed);
  EXPECT_THAT(ran, ElementsAre(1));
}

// An adoption that is half done must not be seen by work that a callback within it leaves.
TEST_F(TurnWorkTest, WaitsForTheOutermostOfNestedScopes) {
  {
    TurnScope outer(&work);
    work.Add(&one);
    {
      TurnScope inner(&work);
      work.Add(&two);
    }
    EXPECT_THAT(ran, IsEmpty());
  }
  EXPECT_THAT(ran, ElementsAre(1, 2));
}

TEST_F(TurnWorkTest, GoesOnWithWhatAScopeWithinAWorkerLeaves) {
  one.then = [&] {
    {
      TurnScope inner(&work);
      work.Add(&two);
    }
    EXPECT_THAT(ran, ElementsAre(1));
  };
  {
    TurnScope scope(&work);
    work.Add(&one);
  }
  EXPECT_THAT(ran, ElementsAre(1, 2));
}

}  // namespace
}  // namespace fairlead::event
