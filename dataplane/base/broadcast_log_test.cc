#include "dataplane/base/broadcast_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace fairlead::base {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

template <size_t kCapacity>
std::vector<uint32_t> ReadAll(const BroadcastLog<kCapacity>& log, uint64_t* position, bool expect_complete = true) {
  std::vector<uint32_t> values;
  EXPECT_EQ(log.Read(position, [&](uint32_t value) { values.push_back(value); }), expect_complete);
  return values;
}

TEST(BroadcastLog, GivesEachReaderWhatCameSinceItsLastReading) {
  BroadcastLog<4> log;
  uint64_t first = log.end();
  EXPECT_THAT(ReadAll(log, &first), IsEmpty());
  log.Append(7);
  uint64_t second = log.end();
  log.Append(0);
  EXPECT_THAT(ReadAll(log, &first), ElementsAre(7, 0));
  EXPECT_THAT(ReadAll(log, &first), IsEmpty());
  EXPECT_THAT(ReadAll(log, &second), ElementsAre(0));
}

TEST(BroadcastLog, TellsAReaderThatItHasLostSome) {
  BroadcastLog<4> log;
  uint64_t position = log.end();
  for (uint32_t value : {1, 2, 3, 4}) log.Append(value);
  EXPECT_THAT(ReadAll(log, &position), ElementsAre(1, 2, 3, 4));
  for (uint32_t value : {5, 6, 7, 8, 9}) log.Append(value);
  EXPECT_THAT(ReadAll(log, &position, /*expect_complete=*/false), ElementsAre(6, 7, 8, 9));
  log.Append(10);
  EXPECT_THAT(ReadAll(log, &position), ElementsAre(10));
}

// A reader that hears that it lost nothing has seen every number, however many wrote at the same time.
TEST(BroadcastLog, LosesNothingSilently) {
  constexpr uint32_t kWriters = 3, kEach = 20'000;
  BroadcastLog<64> log;
  std::vector<std::atomic<uint32_t>> seen(kWriters * kEach);
  std::atomic<bool> lost = false;
  std::atomic<uint32_t> written = 0;
  std::thread reader([&] {
    uint64_t position = 0;
    while (position < uint64_t{kWriters} * kEach) {
      const bool complete = log.Read(&position, [&](uint32_t value) { ++seen[value]; });
      if (!complete) lost = true;
      written.store(static_cast<uint32_t>(position));
    }
  });
  std::vector<std::thread> writers;
  for (uint32_t writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      for (uint32_t i = 0; i < kEach; ++i) {
        // Slow enough for the reader to keep up for the most part.
        while (log.end() > written.load() + 32) std::this_thread::yield();
        log.Append(writer * kEach + i);
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  reader.join();
  EXPECT_FALSE(lost);
  for (const std::atomic<uint32_t>& count : seen) ASSERT_EQ(count, 1u);
}

}  // namespace
}  // namespace fairlead::base
