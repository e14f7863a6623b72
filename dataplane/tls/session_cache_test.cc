#include "dataplane/tls/session_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace fairlead::tls {
namespace {

// The n-th of ids that all belong to one set, or, with `spread`, to many.
std::string Id(uint64_t n, bool spread = false) {
  std::string id(SessionCache::kIdBytes, '\0');
  const uint64_t tag = (n + 1) * 2;
  std::memcpy(id.data(), &tag, sizeof(tag));
  if (spread) std::memcpy(id.data() + sizeof(tag), &n, sizeof(n));
  return id;
}

TEST(SessionCache, FindsWhatWasPutUntilItIsRemoved) {
  SessionCache cache(100);
  EXPECT_EQ(cache.Find(Id(1)), std::nullopt);
  cache.Put(Id(1), "one", 100, 0);
  cache.Put(Id(2), "two", 100, 0);
  EXPECT_EQ(cache.Find(Id(1)), "one");
  EXPECT_EQ(cache.Find(Id(1)), "one") << "it is still there";
  EXPECT_EQ(cache.Find(Id(2)), "two");
  EXPECT_EQ(cache.size(), 2U);
  cache.Remove(Id(1));
  EXPECT_EQ(cache.Find(Id(1)), std::nullopt);
  EXPECT_EQ(cache.size(), 1U);
}

TEST(SessionCache, TellsIdsThatAreAlikeApart) {
  SessionCache cache(100);
  cache.Put(Id(1), "one", 100, 0);
  std::string other = Id(1);
  other.back() = 'x';
  EXPECT_EQ(cache.Find(other), std::nullopt);
  cache.Remove(other);
  EXPECT_EQ(cache.Find(Id(1)), "one");
}

TEST(SessionCache, KeepsNothingOfIdsThatAreNotItsOwn) {
  SessionCache cache(100);
  cache.Put("short", "x", 100, 0);
  EXPECT_EQ(cache.Find("short"), std::nullopt);
  EXPECT_EQ(cache.Find(""), std::nullopt);
  cache.Remove("");
  EXPECT_EQ(cache.size(), 0U);
}

TEST(SessionCache, WhatEndsFirstMakesRoom) {
  SessionCache cache(3);
  cache.Put(Id(1), "one", 300, 0);
  cache.Put(Id(2), "two", 100, 0);
  cache.Put(Id(3), "three", 200, 0);
  cache.Put(Id(4), "four", 400, 0);
  EXPECT_EQ(cache.size(), 3U);
  EXPECT_EQ(cache.evicted(), 1U);
  EXPECT_EQ(cache.Find(Id(2)), std::nullopt);
  EXPECT_EQ(cache.Find(Id(4)), "four");
  cache.Put(Id(5), "five", 500, 250);
  EXPECT_EQ(cache.evicted(), 1U) << "it had expired";
  EXPECT_EQ(cache.Find(Id(3)), std::nullopt);
}

TEST(SessionCache, NeverHoldsMoreThanItMay) {
  for (const uint32_t capacity : {1U, 7U, 8U, 9U, 64U}) {
    SessionCache cache(capacity);
    for (uint64_t n = 0; n < 1'000; ++n) cache.Put(Id(n, /*spread=*/true), "x", 100, 0);
    EXPECT_LE(cache.size(), capacity);
    EXPECT_GE(cache.size(), capacity - capacity % 8) << capacity;
    EXPECT_EQ(cache.size() + cache.evicted(), 1'000U);
  }
}

// Under tsan and asan, above all.
TEST(SessionCache, ServesManyThreads) {
  SessionCache cache(16);
  std::atomic<int> wrong{0};
  std::atomic<int> found{0};
  std::vector<std::thread> threads;
  for (uint64_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (uint64_t round = 0; round < 20'000; ++round) {
        const uint64_t n = (round * 7 + thread) % 24;
        if (round % 3 == 0) cache.Put(Id(n, true), std::to_string(n), static_cast<int64_t>(round), 0);
        const std::optional<std::string> session = cache.Find(Id((n + thread) % 24, true));
        if (session.has_value()) ++found;
        if (session.has_value() && *session != std::to_string((n + thread) % 24)) ++wrong;
        if (round % 11 == 0) cache.Remove(Id(n, true));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(found, 0);
  for (uint64_t n = 0; n < 24; ++n) cache.Remove(Id(n, true));
  EXPECT_LE(cache.size(), 16U);
}

}  // namespace
}  // namespace fairlead::tls
