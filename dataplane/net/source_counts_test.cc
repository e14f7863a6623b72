#include "dataplane/net/source_counts.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace fairlead::net {
namespace {

using Entry = SourceCounts::Entry;

Address At(const std::string& text) { return Address::Parse(text).value(); }

constexpr SourceCounts::Key kKey = {1, 2};

TEST(SourceCounts, CountsEachSourceForItself) {
  SourceCounts counts(100, kKey);
  const auto first = counts.Acquire(At("192.0.2.1:1"), 2, 0);
  EXPECT_TRUE(first.has_value());
  EXPECT_TRUE(counts.Acquire(At("192.0.2.1:2"), 2, 0).has_value());
  EXPECT_FALSE(counts.Acquire(At("192.0.2.1:3"), 2, 0).has_value());
  EXPECT_TRUE(counts.Acquire(At("192.0.2.2:1"), 2, 0).has_value());
  counts.Release(*first);
  EXPECT_TRUE(counts.Acquire(At("192.0.2.1:4"), 2, 0).has_value());
  EXPECT_FALSE(counts.Acquire(At("192.0.2.1:5"), 2, 0).has_value());
}

TEST(SourceCounts, AnIpv6NetworkIsOneSource) {
  SourceCounts counts(100, kKey);
  EXPECT_TRUE(counts.Acquire(At("[2001:db8::1]:1"), 1, 0).has_value());
  EXPECT_FALSE(counts.Acquire(At("[2001:db8::ffff:1]:1"), 1, 0).has_value());
  EXPECT_TRUE(counts.Acquire(At("[2001:db8:0:1::1]:1"), 1, 0).has_value());
}

TEST(SourceCounts, Ipv4WithinIpv6IsIpv4) {
  SourceCounts counts(100, kKey);
  EXPECT_TRUE(counts.Acquire(At("192.0.2.1:1"), 1, 0).has_value());
  EXPECT_FALSE(counts.Acquire(At("[::ffff:192.0.2.1]:1"), 1, 0).has_value());
  EXPECT_TRUE(counts.Acquire(At("[::ffff:192.0.2.2]:1"), 1, 0).has_value());
}

TEST(SourceCounts, UnixSocketsHaveNoSource) {
  SourceCounts counts(100, kKey);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(counts.Acquire(At("unix:/s"), 1, 0), SourceCounts::kUntracked);
  counts.Release(SourceCounts::kUntracked);
}

TEST(SourceCounts, ALowerLimitLetsConnectionsEndFirst) {
  SourceCounts counts(100, kKey);
  std::vector<Entry> entries;
  for (int i = 0; i < 5; ++i) entries.push_back(*counts.Acquire(At("192.0.2.1:1"), 5, 0));
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(counts.Acquire(At("192.0.2.1:1"), 3, 0).has_value());
    counts.Release(entries[i]);
  }
  EXPECT_TRUE(counts.Acquire(At("192.0.2.1:1"), 3, 0).has_value());
}

TEST(SourceCounts, TakesTheHighestLimit) {
  SourceCounts counts(100, kKey);
  for (uint32_t i = 0; i < SourceCounts::kMaxCount; ++i) {
    ASSERT_TRUE(counts.Acquire(At("192.0.2.1:1"), SourceCounts::kMaxCount, 0).has_value());
  }
  EXPECT_FALSE(counts.Acquire(At("192.0.2.1:1"), SourceCounts::kMaxCount, 0).has_value());
}

TEST(SourceCounts, RemembersNothingOfSourcesThatLeft) {
  SourceCounts counts(100, kKey);
  for (int i = 0; i < 200'000; ++i) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = static_cast<uint32_t>(i);
    const auto entry =
        counts.Acquire(*Address::FromSockaddr(reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 1, 0);
    ASSERT_TRUE(entry.has_value() && *entry != SourceCounts::kUntracked) << i;
    counts.Release(*entry);
  }
}

TEST(SourceCounts, TellsAsManySourcesApartAsItIsMadeFor) {
  constexpr int kSources = 50'000;
  SourceCounts counts(kSources, kKey);
  int untracked = 0;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < kSources; ++i) {
      sockaddr_in address = {};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = static_cast<uint32_t>(i);
      const auto entry =
          counts.Acquire(*Address::FromSockaddr(reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 1, 0);
      if (entry == SourceCounts::kUntracked) {
        ++untracked;
      } else {
        EXPECT_EQ(entry.has_value(), round == 0);
      }
    }
  }
  EXPECT_LE(untracked, 10);
}

// Threads open and close connections of few sources as fast as they can: never more than the limit are open, and never
// is one refused while there are less. The second is seen by how many get in: with as many threads as the limit allows,
// all.
TEST(SourceCounts, IsExactOverThreads) {
  constexpr int kThreads = 4, kRounds = 50'000;
  for (int limit : {1, 3, kThreads}) {
    SourceCounts counts(100, kKey);
    const Address sources[] = {At("192.0.2.1:1"), At("192.0.2.2:1"), At("[2001:db8::1]:1")};
    std::atomic<int> open[3] = {};
    std::atomic<int> too_many = 0, refused = 0;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int round = 0; round < kRounds; ++round) {
          const int source = (round + thread) % 3;
          const auto entry =
              counts.Acquire(sources[source], static_cast<uint32_t>(limit), static_cast<uint32_t>(thread));
          if (!entry.has_value()) {
            ++refused;
            continue;
          }
          if (++open[source] > limit) ++too_many;
          --open[source];
          counts.Release(*entry);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(too_many, 0);
    if (limit == kThreads) {
      EXPECT_EQ(refused, 0);
    }
    // All have been forgotten.
    for (const Address& source : sources) {
      for (int i = 0; i < limit; ++i) EXPECT_TRUE(counts.Acquire(source, static_cast<uint32_t>(limit), 0).has_value());
      EXPECT_FALSE(counts.Acquire(source, static_cast<uint32_t>(limit), 0).has_value());
    }
  }
}

}  // namespace
}  // namespace fairlead::net
