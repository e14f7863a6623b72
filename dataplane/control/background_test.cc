#include "dataplane/control/background.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>
#include <vector>

#include "dataplane/control/loop_thread.h"

namespace fairlead::control {
namespace {

TEST(BackgroundThread, WorksElsewhereAndTellsTheControlThread) {
  LoopThread control;
  const std::thread::id control_id = control.Run([] { return std::this_thread::get_id(); });
  BackgroundThread background(&control.loop()->mailbox());
  std::promise<std::thread::id> worked;
  std::promise<std::thread::id> told;
  background.Do([&] { worked.set_value(std::this_thread::get_id()); },
                [&] { told.set_value(std::this_thread::get_id()); });
  const std::thread::id worker_id = worked.get_future().get();
  EXPECT_NE(worker_id, control_id);
  EXPECT_NE(worker_id, std::this_thread::get_id());
  EXPECT_EQ(told.get_future().get(), control_id);
}

TEST(BackgroundThread, DoesAllInTheirOrder) {
  LoopThread control;
  std::vector<int> order;  // the background's, then the control thread's
  std::promise<void> last;
  BackgroundThread background(&control.loop()->mailbox());
  for (int i = 0; i < 10; ++i) {
    background.Do([&order, i] { order.push_back(i); },
                  [&last, i] {
                    if (i == 9) last.set_value();
                  });
  }
  last.get_future().get();
  EXPECT_EQ(order, (std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(BackgroundThread, EndsAfterWhatItWasGiven) {
  LoopThread control;
  int done = 0;
  {
    BackgroundThread background(&control.loop()->mailbox());
    for (int i = 0; i < 5; ++i) background.Do([&] { ++done; }, [] {});
  }
  EXPECT_EQ(done, 5);
}

}  // namespace
}  // namespace fairlead::control
