#include "dataplane/buffer/queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::buffer {
namespace {

Slice Make(BlockPool& pool, std::string_view text) {
  Block* block = pool.Allocate();
  std::memcpy(block->data(), text.data(), text.size());
  block->used = static_cast<uint32_t>(text.size());
  return Slice(block, block->data(), text.size());
}

// Too long to be copied behind another.
std::string Long(char c) { return std::string(2000, c); }

// What a send of everything would transmit.
std::string Contents(const Queue& queue) {
  iovec iovecs[1024];
  const int count = queue.FillIovecs(iovecs, 1024);
  std::string contents;
  for (int i = 0; i < count; ++i) contents.append(static_cast<char*>(iovecs[i].iov_base), iovecs[i].iov_len);
  return contents;
}

int Pieces(const Queue& queue) {
  iovec iovecs[1024];
  return queue.FillIovecs(iovecs, 1024);
}

TEST(Queue, IsSmallWhenEmpty) { EXPECT_LE(sizeof(Queue), 64u); }

TEST(Queue, HoldsNoBlockWhenEmpty) {
  BlockPool pool;
  Queue queue;
  queue.Append("hello", pool);
  EXPECT_EQ(pool.blocks_in_use(), 1u);
  queue.Consume(5);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(pool.blocks_in_use(), 0u);
}

TEST(Queue, WritesSmallPiecesBehindEachOther) {
  BlockPool pool;
  Queue queue;
  queue.Append("HTTP/1.1 ", pool);
  queue.Append("200 OK", pool);
  EXPECT_EQ(Contents(queue), "HTTP/1.1 200 OK");
  EXPECT_EQ(Pieces(queue), 1);
  EXPECT_EQ(queue.size(), 15u);
}

TEST(Queue, GivesAwayWhatIsInOnePieceAtItsFront) {
  BlockPool pool;
  Queue queue;
  queue.Append(Make(pool, "abc"));
  queue.Append(Make(pool, Long('d')));
  EXPECT_EQ(queue.TakeFront(2).view(), "ab");
  EXPECT_EQ(queue.TakeFront(2).view(), "c");
  EXPECT_EQ(queue.TakeFront(9999).view(), Long('d'));
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(pool.blocks_in_use(), 0u);
}

TEST(Queue, SpreadsLongBytesOverBlocks) {
  BlockPool pool;
  Queue queue;
  std::string text(3 * BlockPool::kBlockSize, ' ');
  for (size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % 23);
  queue.Append("x", pool);
  queue.Append(text, pool);
  EXPECT_EQ(Contents(queue), "x" + text);
  EXPECT_EQ(Pieces(queue), 4);
}

TEST(Queue, KeepsTheOrderOfWrittenBytesAndSlices) {
  BlockPool pool;
  Queue queue;
  std::string expected;
  for (int i = 0; i < 20; ++i) {
    queue.Append("head" + std::to_string(i), pool);
    queue.Append(Make(pool, "body" + std::to_string(i)));
    expected += "head" + std::to_string(i) + "body" + std::to_string(i);
  }
  EXPECT_EQ(Contents(queue), expected);
}

TEST(Queue, WritesIntoTheRoomBehindASliceOfOthers) {
  BlockPool pool;
  Queue queue;
  queue.Append(Make(pool, "body"));
  queue.Append("\r\n", pool);
  EXPECT_EQ(Contents(queue), "body\r\n");
  EXPECT_EQ(pool.blocks_in_use(), 1u);
}

TEST(Queue, NeverWritesOverBytesThatOthersHold) {
  BlockPool pool;
  Queue queue;
  Slice whole = Make(pool, "headrest");
  queue.Append(whole.Sub(0, 4));
  queue.Append("more", pool);
  EXPECT_EQ(whole.view(), "headrest");
  EXPECT_EQ(Contents(queue), "headmore");
}

TEST(Queue, CopiesASmallSliceBehindOthersSoThatOnePieceIsSent) {
  BlockPool pool;
  Queue queue;
  queue.Append("head ", pool);
  queue.Append(Make(pool, "and body"));
  EXPECT_EQ(Contents(queue), "head and body");
  EXPECT_EQ(Pieces(queue), 1);
  EXPECT_EQ(pool.blocks_in_use(), 1u);
  EXPECT_EQ(queue.size(), 13u);
}

TEST(Queue, CopiesNoSliceThatIsLongOrFindsNoRoom) {
  BlockPool pool;
  Queue queue;
  queue.Append("head", pool);
  const Slice body = Make(pool, Long('b'));
  queue.Append(body);
  EXPECT_EQ(Pieces(queue), 2);
  const Slice small = Make(pool, "small");
  queue.Append(std::string(BlockPool::kBlockSize - body.size() - 1, 'x'), pool);
  queue.Append(small);
  EXPECT_EQ(Pieces(queue), 3);
  iovec iovecs[3];
  queue.FillIovecs(iovecs, 3);
  EXPECT_EQ(iovecs[2].iov_base, small.data());
}

TEST(Queue, TwoQueuesBehindTheSameSliceDoNotDisturbEachOther) {
  BlockPool pool;
  Queue one, other;
  Slice shared = Make(pool, "shared ");
  one.Append(shared);
  other.Append(shared);
  one.Append("one", pool);
  other.Append("other", pool);
  EXPECT_EQ(Contents(one), "shared one");
  EXPECT_EQ(Contents(other), "shared other");
}

TEST(Queue, MakesOnePieceOfSlicesThatFollowEachOther) {
  BlockPool pool;
  Queue queue;
  Slice whole = Make(pool, "abcdef");
  queue.Append(whole.Sub(0, 3));
  queue.Append(whole.Sub(3, 3));
  EXPECT_EQ(Pieces(queue), 1);
  EXPECT_EQ(Contents(queue), "abcdef");
}

TEST(Queue, IgnoresEmptySlices) {
  BlockPool pool;
  Queue queue;
  queue.Append(Make(pool, ""));
  queue.Append("", pool);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(Pieces(queue), 0);
  EXPECT_EQ(pool.blocks_in_use(), 0u);
}

TEST(Queue, ReserveGivesContiguousRoomOfAWholeBlock) {
  BlockPool pool;
  Queue queue;
  queue.Append("x", pool);
  char* room = queue.Reserve(BlockPool::kBlockSize, pool);
  std::memset(room, 'y', BlockPool::kBlockSize);
  queue.Commit(BlockPool::kBlockSize);
  EXPECT_EQ(Contents(queue), "x" + std::string(BlockPool::kBlockSize, 'y'));
}

TEST(Queue, GivesBackAReservationThatWasNotUsed) {
  BlockPool pool;
  Queue queue;
  queue.Reserve(100, pool);
  queue.Commit(0);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(pool.blocks_in_use(), 0u);
  queue.Append(Make(pool, Long('a')));
  queue.Append(Make(pool, Long('b')));
  queue.Reserve(BlockPool::kBlockSize, pool);
  queue.Commit(0);
  EXPECT_EQ(Pieces(queue), 2);
}

TEST(Queue, AppendingDoesNotMoveWhatASendReads) {
  BlockPool pool;
  Queue queue;
  queue.Append("in flight", pool);
  iovec before[1];
  queue.FillIovecs(before, 1);
  for (int i = 0; i < 5000; ++i) queue.Append("appended later", pool);
  iovec after[1];
  queue.FillIovecs(after, 1);
  EXPECT_EQ(before[0].iov_base, after[0].iov_base);
  EXPECT_EQ(std::string(static_cast<char*>(before[0].iov_base), before[0].iov_len), "in flight");
}

TEST(Queue, FillsNoMoreIovecsThanAskedFor) {
  BlockPool pool;
  Queue queue;
  for (int i = 0; i < 5; ++i) queue.Append(Make(pool, Long('a')));
  iovec iovecs[3];
  for (int max = 1; max <= 3; ++max) EXPECT_EQ(queue.FillIovecs(iovecs, max), max);
}

TEST(Queue, TakeSlicesEmptiesIt) {
  BlockPool pool;
  Queue queue;
  for (int i = 0; i < 5; ++i) queue.Append(Make(pool, Long(static_cast<char>('a' + i))));
  std::vector<Slice> slices = queue.TakeSlices();
  ASSERT_EQ(slices.size(), 5u);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(slices[i].view(), Long(static_cast<char>('a' + i)));
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(Pieces(queue), 0);
}

TEST(Queue, MovesItsFrontToAnother) {
  BlockPool pool;
  Queue from, to;
  to.Append("<", pool);
  for (std::string_view text : {"one", "two", "three"}) from.Append(Make(pool, text));
  from.MoveTo(4, to);
  EXPECT_EQ(Contents(to), "<onet");
  EXPECT_EQ(Contents(from), "wothree");
  from.MoveTo(7, to);
  EXPECT_EQ(Contents(to), "<onetwothree");
  EXPECT_EQ(to.size(), 12u);
  EXPECT_TRUE(from.empty());
  to.Clear();
  EXPECT_EQ(pool.blocks_in_use(), 0u);
}

TEST(Queue, ClearLetsGoOfEverything) {
  BlockPool pool;
  Queue queue;
  for (int i = 0; i < 5; ++i) queue.Append(Make(pool, Long('a')));
  queue.Clear();
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(pool.blocks_in_use(), 0u);
}

TEST(Queue, BehavesLikeAString) {
  std::mt19937 random(1);
  BlockPool pool;
  Queue queue;
  std::string model;
  std::string text;
  for (int i = 0; i < 2000; ++i) text += static_cast<char>('a' + random() % 26);
  Slice source = Make(pool, text);
  for (int step = 0; step < 20000; ++step) {
    const size_t n = random() % 40;
    switch (random() % 4) {
      case 0: {
        const std::string text(n * (random() % 50 == 0 ? 1000 : 1), static_cast<char>('a' + random() % 26));
        queue.Append(text, pool);
        model += text;
        break;
      }
      case 1: {
        Slice slice = source.Sub(random() % 3, random() % 2 == 0 ? n : 1000 + n);
        model += slice.view();
        queue.Append(std::move(slice));
        break;
      }
      case 2: {
        char* room = queue.Reserve(n + 10, pool);
        std::memset(room, 'R', n + 10);
        queue.Commit(n);
        model.append(n, 'R');
        break;
      }
      case 3: {
        const size_t consumed = std::min(model.size(), static_cast<size_t>(random() % 900));
        queue.Consume(consumed);
        model.erase(0, consumed);
        break;
      }
    }
    ASSERT_EQ(queue.size(), model.size());
    ASSERT_EQ(queue.empty(), model.empty());
    if (step % 16 == 0) {
      iovec iovecs[1024];
      const int count = queue.FillIovecs(iovecs, 1024);
      std::string contents;
      for (int i = 0; i < count; ++i) contents.append(static_cast<char*>(iovecs[i].iov_base), iovecs[i].iov_len);
      ASSERT_EQ(contents, model.substr(0, contents.size()));
      if (count < 1024) {
        ASSERT_EQ(contents.size(), model.size());
      }
    }
  }
}

}  // namespace
}  // namespace fairlead::buffer
