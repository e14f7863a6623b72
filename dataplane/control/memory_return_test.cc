#include "dataplane/control/memory_return.h"

#include "gtest/gtest.h"

namespace fairlead::control {
namespace {

TEST(MemoryReturn, IsDueOnceTransactionsAddUp) {
  event::TimerWheel timers(1'000);
  MemoryReturn memory_return(&timers);
  memory_return.Note(MemoryReturn::kWorthBytes / 2);
  EXPECT_FALSE(memory_return.due());
  memory_return.Note(MemoryReturn::kWorthBytes / 2);
  EXPECT_TRUE(memory_return.due());
}

TEST(MemoryReturn, ComesAlsoWhileTransactionsGoOnAndBeginsAnew) {
  event::TimerWheel timers(1'000);
  MemoryReturn memory_return(&timers);
  memory_return.Note(MemoryReturn::kWorthBytes);
  timers.Advance(timers.now_ms() + MemoryReturn::kDelayMs / 2);
  memory_return.Note(MemoryReturn::kWorthBytes);
  EXPECT_TRUE(memory_return.due());
  timers.Advance(timers.now_ms() + MemoryReturn::kDelayMs / 2);
  EXPECT_FALSE(memory_return.due());
  memory_return.Note(1);
  EXPECT_FALSE(memory_return.due());
}

}  // namespace
}  // namespace fairlead::control
