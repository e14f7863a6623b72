#include "dataplane/buffer/shared_block.h"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::buffer {
namespace {

TEST(SharedBlock, SmallSlicesShareABlock) {
  BlockPool pool;
  SharedBlock shared(pool);
  Slice first = shared.Copy("first");
  Slice second = shared.Copy("second");
  EXPECT_EQ(first.view(), "first");
  EXPECT_EQ(second.view(), "second");
  EXPECT_EQ(first.block(), second.block());
}

TEST(SharedBlock, StartsAgainWhenNobodyHoldsAPiece) {
  BlockPool pool;
  SharedBlock shared(pool);
  const char* first = shared.Copy("first").data();
  EXPECT_EQ(shared.Copy("second").data(), first);
  EXPECT_EQ(pool.blocks_in_use(), 1u);
}

TEST(SharedBlock, TakesANewBlockWhenTheRoomIsTooSmall) {
  BlockPool pool;
  SharedBlock shared(pool);
  Slice large = shared.Copy(std::string(BlockPool::kBlockSize - 10, 'x'));
  Slice fits = shared.Copy("0123456789");
  Slice next = shared.Copy("y");
  EXPECT_EQ(fits.block(), large.block());
  EXPECT_NE(next.block(), large.block());
  EXPECT_EQ(fits.view(), "0123456789");
}

TEST(SharedBlock, LeavesBytesAloneThatAnOwnerAddedToItsSlice) {
  BlockPool pool;
  SharedBlock shared(pool);
  Slice slice = shared.Copy("ab");
  slice.data()[2] = 'c';
  slice.Extend(1);
  shared.Copy("xyz");
  EXPECT_EQ(slice.view(), "abc");
}

TEST(SharedBlock, CutsOnlyWhatWasWritten) {
  BlockPool pool;
  SharedBlock shared(pool);
  char* room = shared.Room(100);
  EXPECT_GE(shared.room(), 100u);
  room[0] = 'a';
  Slice slice = shared.Cut(1);
  EXPECT_EQ(slice.view(), "a");
  EXPECT_EQ(shared.Room(100), room + 1);
}

}  // namespace
}  // namespace fairlead::buffer
