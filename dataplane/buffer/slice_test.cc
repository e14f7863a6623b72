#include "dataplane/buffer/slice.h"

#include <gtest/gtest.h>

#include <cstring>
#include <utility>
#include <vector>

namespace fairlead::buffer {
namespace {

// A slice of its own block that holds `text`.
Slice Make(BlockPool& pool, std::string_view text) {
  Block* block = pool.Allocate();
  std::memcpy(block->data(), text.data(), text.size());
  block->used = static_cast<uint32_t>(text.size());
  return Slice(block, block->data(), text.size());
}

TEST(BlockPool, GivesOutTheBlockFreedLast) {
  BlockPool pool;
  Block* first = pool.Allocate();
  Block* second = pool.Allocate();
  pool.Free(second);
  pool.Free(first);
  EXPECT_EQ(pool.Allocate(), first);
  EXPECT_EQ(pool.Allocate(), second);
  pool.Free(first);
  pool.Free(second);
}

TEST(BlockPool, ABlockComesBackAsNew) {
  BlockPool pool;
  {
    Slice slice = Make(pool, "used before");
  }
  Block* block = pool.Allocate();
  EXPECT_EQ(block->used, 0u);
  EXPECT_EQ(block->references, 1u);
  pool.Free(block);
}

TEST(BlockPool, CountsBlocksInUseWhetherKeptOrReleased) {
  BlockPool pool(/*max_free=*/1);
  std::vector<Slice> slices;
  for (int i = 0; i < 3; ++i) slices.push_back(Make(pool, "x"));
  EXPECT_EQ(pool.blocks_in_use(), 3u);
  slices.clear();
  EXPECT_EQ(pool.blocks_in_use(), 0u);
}

TEST(Slice, TheLastOneFreesTheBlock) {
  BlockPool pool;
  Slice slice = Make(pool, "hello");
  {
    Slice copy = slice;
    Slice moved = std::move(slice);
    EXPECT_EQ(copy.block()->references, 2u);
    EXPECT_EQ(slice.block(), nullptr);
    EXPECT_EQ(moved.view(), "hello");
  }
  EXPECT_EQ(pool.blocks_in_use(), 0u);
}

TEST(Slice, AssigningToItselfKeepsTheBytes) {
  BlockPool pool;
  Slice slice = Make(pool, "hello");
  const Slice& alias = slice;
  slice = alias;
  EXPECT_EQ(slice.view(), "hello");
  EXPECT_EQ(slice.block()->references, 1u);
}

TEST(Slice, PartsShareTheBytes) {
  BlockPool pool;
  Slice slice = Make(pool, "GET /path");
  Slice path = slice.Sub(4, 5);
  slice.RemovePrefix(1);
  slice.Truncate(2);
  EXPECT_EQ(slice.view(), "ET");
  EXPECT_EQ(path.view(), "/path");
  EXPECT_EQ(path.block()->references, 2u);
}

TEST(Slice, ExtendsIntoFreeRoomOnceOnly) {
  BlockPool pool;
  Slice first = Make(pool, "ab");
  Slice second = first;
  EXPECT_EQ(first.room(), BlockPool::kBlockSize - 2);
  first.data()[2] = 'c';
  first.Extend(1);
  EXPECT_EQ(first.view(), "abc");
  EXPECT_EQ(second.view(), "ab");
  EXPECT_EQ(second.room(), 0u);
}

TEST(Slice, HasNoRoomBeforeBytesItDropped) {
  BlockPool pool;
  Slice slice = Make(pool, "abcdef");
  slice.Truncate(3);
  EXPECT_EQ(slice.room(), 0u);
}

TEST(Slice, JoinsOnlyWhatFollowsInTheSameBlock) {
  BlockPool pool;
  Slice whole = Make(pool, "abcdef");
  Slice head = whole.Sub(0, 2);
  EXPECT_FALSE(head.Join(whole.Sub(3, 3)));
  EXPECT_FALSE(head.Join(Make(pool, "cd")));
  EXPECT_TRUE(head.Join(whole.Sub(2, 4)));
  EXPECT_EQ(head.view(), "abcdef");
}

}  // namespace
}  // namespace fairlead::buffer
