#include "dataplane/event/backend_loop.h"

#include <gtest/gtest.h>

namespace fairlead::event {
namespace {

// A loop that nothing ever happens to.
class QuietLoop final : public BackendLoop {
 public:
  Socket* Adopt(int, SocketHandler*) override { return nullptr; }
  Socket* Connect(int, const sockaddr*, socklen_t, SocketHandler*) override { return nullptr; }
  Acceptor* Accept(int, AcceptHandler*) override { return nullptr; }
  const char* name() const override { return "quiet"; }

  uint64_t timeout_ms = 0;  // of the last turn

 private:
  void Wait(uint64_t timeout) override { timeout_ms = timeout; }
  void Deliver() override {}
};

class CountingObject final : public LoopObject {
 public:
  explicit CountingObject(int* freed) : freed_(freed) {}
  ~CountingObject() override { ++*freed_; }
  void OnReady() override {
    ++calls;
    if (again != nullptr) again->AddReady(this);
  }
  void Close() { closed_ = true; }

  int calls = 0;
  BackendLoop* again = nullptr;  // asks it for another call in each

 private:
  int* const freed_;
};

class BackendLoopTest : public ::testing::Test {
 protected:
  QuietLoop loop_;
  int freed_ = 0;
  CountingObject* object_ = new CountingObject(&freed_);
};

TEST_F(BackendLoopTest, CallsAnObjectOncePerTurnHoweverOftenItWasAdded) {
  loop_.AddReady(object_);
  loop_.AddReady(object_);
  loop_.RunOnce(/*wait=*/true);
  EXPECT_EQ(object_->calls, 1);
  loop_.RunOnce(/*wait=*/true);
  EXPECT_EQ(object_->calls, 1);
  loop_.Retire(object_);
}

TEST_F(BackendLoopTest, AnObjectThatAlwaysHasMoreToDoDoesNotHoldUpTheTurn) {
  object_->again = &loop_;
  bool posted_ran = false;
  loop_.mailbox().Post([&] { posted_ran = true; });
  loop_.AddReady(object_);
  loop_.RunOnce(/*wait=*/true);
  EXPECT_TRUE(posted_ran);
  const int calls = object_->calls;
  loop_.RunOnce(/*wait=*/true);
  EXPECT_GT(object_->calls, calls);
  loop_.Retire(object_);
}

TEST_F(BackendLoopTest, WaitsOnlyWhenNothingIsLeftToDo) {
  loop_.RunOnce(/*wait=*/true);
  EXPECT_EQ(loop_.timeout_ms, UINT64_MAX);
  loop_.RunOnce(/*wait=*/false);
  EXPECT_EQ(loop_.timeout_ms, 0u);
  loop_.AddReady(object_);
  loop_.RunOnce(/*wait=*/true);
  EXPECT_EQ(loop_.timeout_ms, 0u);
  Timer timer([](void*) {}, nullptr);
  loop_.timers().Schedule(&timer, 3);
  loop_.RunOnce(/*wait=*/true);
  // It may wait in two steps (TimerWheel::NextDeadline).
  EXPECT_GE(loop_.timeout_ms, 1u);
  EXPECT_LE(loop_.timeout_ms, 3u);
  loop_.Retire(object_);
}

TEST_F(BackendLoopTest, FreesARetiredObjectOnceAtTheTurnsEnd) {
  loop_.Retire(object_);
  loop_.Retire(object_);
  EXPECT_EQ(freed_, 0);
  loop_.RunOnce(/*wait=*/false);
  EXPECT_EQ(freed_, 1);
}

TEST_F(BackendLoopTest, AnObjectRetiredWithWorkPutOffIsFreedWithoutACall) {
  loop_.AddReady(object_);
  object_->Close();
  loop_.Retire(object_);
  loop_.RunOnce(/*wait=*/false);
  EXPECT_EQ(freed_, 1);
}

TEST_F(BackendLoopTest, AClosedObjectIsNotCalled) {
  loop_.AddReady(object_);
  object_->Close();
  loop_.RunOnce(/*wait=*/false);
  EXPECT_EQ(object_->calls, 0);
  EXPECT_EQ(freed_, 0);
  loop_.Retire(object_);
}

TEST(BackendLoop, FreesWhatIsRetiredWhenItEnds) {
  int freed = 0;
  {
    QuietLoop loop;
    loop.Retire(new CountingObject(&freed));
    auto* ready = new CountingObject(&freed);
    loop.AddReady(ready);
    loop.Retire(ready);
  }
  EXPECT_EQ(freed, 2);
}

}  // namespace
}  // namespace fairlead::event
