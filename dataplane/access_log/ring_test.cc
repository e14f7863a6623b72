#include "dataplane/access_log/ring.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>

namespace fairlead::access_log {
namespace {

// All that is there, in the pieces in which it comes.
std::string TakeAll(Ring& ring) {
  std::string all;
  for (std::string_view lines = ring.Lines(); !lines.empty(); lines = ring.Lines()) {
    EXPECT_EQ(lines.back(), '\n');
    all += lines;
    ring.Consume(lines.size());
  }
  return all;
}

TEST(Ring, GivesLinesInTheirOrder) {
  Ring ring(64);
  EXPECT_TRUE(ring.Lines().empty());
  EXPECT_TRUE(ring.Push("one\n"));
  EXPECT_TRUE(ring.Push("two\n"));
  EXPECT_EQ(ring.Lines(), "one\ntwo\n");
  ring.Consume(4);
  EXPECT_EQ(ring.Lines(), "two\n");
  EXPECT_TRUE(ring.Push("three\n"));
  EXPECT_EQ(TakeAll(ring), "two\nthree\n");
}

TEST(Ring, RefusesWhatDoesNotFitAndTakesWhatDoes) {
  Ring ring(16);
  EXPECT_TRUE(ring.Push("123456789\n"));
  EXPECT_FALSE(ring.Push("1234567\n"));
  EXPECT_TRUE(ring.Push("12345\n"));
  EXPECT_FALSE(ring.Push("\n"));
  EXPECT_EQ(TakeAll(ring), "123456789\n12345\n");
  EXPECT_TRUE(ring.Push("\n"));
}

TEST(Ring, KeepsEachLineInOnePiece) {
  Ring ring(16);
  EXPECT_TRUE(ring.Push("12345678901\n"));
  EXPECT_EQ(TakeAll(ring), "12345678901\n");
  EXPECT_TRUE(ring.Push("1234567\n")) << "4 bytes are left in front of the end";
  EXPECT_EQ(ring.Lines(), "1234567\n");
  EXPECT_FALSE(ring.Push("12345678\n")) << "the 4 bytes in front of the end are taken, too";
  ring.Consume(8);
  EXPECT_TRUE(ring.Push("1234567\n"));
  EXPECT_EQ(TakeAll(ring), "1234567\n");
}

TEST(Ring, GivesThePieceAtItsEndBeforeTheOneAtItsBeginning) {
  Ring ring(16);
  EXPECT_TRUE(ring.Push("1234567\n"));
  EXPECT_TRUE(ring.Push("abc\n"));
  ring.Lines();
  ring.Consume(8);
  EXPECT_TRUE(ring.Push("wrap!\n"));
  EXPECT_EQ(ring.Lines(), "abc\n");
  ring.Consume(4);
  EXPECT_EQ(ring.Lines(), "wrap!\n");
}

TEST(Ring, HoldsForEverySizeOfLineAtEveryPlace) {
  Ring ring(64);
  std::string expected, taken;
  for (size_t i = 0; i < 5000; ++i) {
    const std::string line = std::string(i * 7 % 31, static_cast<char>('a' + i % 26)) + "\n";
    if (!ring.Push(line)) {
      taken += TakeAll(ring);
      ASSERT_TRUE(ring.Push(line));
    }
    expected += line;
  }
  EXPECT_EQ(taken + TakeAll(ring), expected);
}

// What workers and the writer do, the writer being slow: nothing is torn, reordered or lost but what was refused.
TEST(Ring, CarriesLinesBetweenTwoThreads) {
  constexpr int kLines = 200'000;
  Ring ring(1024);
  std::atomic<bool> done = false;
  int pushed = 0;
  std::thread worker([&] {
    for (int i = 0; i < kLines; ++i) pushed += ring.Push(std::to_string(i) + std::string(i % 50, '.') + "\n");
    done = true;
  });
  int received = 0, last = -1;
  bool in_order = true;
  for (bool last_look = false; !last_look;) {
    last_look = done;
    std::string_view lines = ring.Lines();
    const size_t size = lines.size();
    while (!lines.empty()) {
      const std::string_view line = lines.substr(0, lines.find('\n'));
      const int number = std::stoi(std::string(line));
      in_order &= number > last && line == std::to_string(number) + std::string(number % 50, '.');
      last = number;
      ++received;
      lines.remove_prefix(line.size() + 1);
    }
    ring.Consume(size);
    last_look &= size == 0;
  }
  worker.join();
  EXPECT_TRUE(in_order);
  EXPECT_EQ(received, pushed);
  EXPECT_GT(received, 0);
}

}  // namespace
}  // namespace fairlead::access_log
