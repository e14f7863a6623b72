#include "dataplane/tls/ticket_keys.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace fairlead::tls {
namespace {

using Found = TicketKeys::Found;

std::string Material(char name) {
  return std::string(TicketKey::kNameBytes, name) + std::string(TicketKey::kSecretBytes, 'm') +
         std::string(TicketKey::kSecretBytes, 'c');
}

std::string ChosenName(const TicketKeys& keys, int64_t now_ms) {
  TicketKey key;
  keys.Choose(now_ms, &key);
  return std::string(key.name());
}

TEST(TicketKey, HasItsPartsInTheOrderOfItsBytes) {
  const TicketKey key(Material('n'), 5);
  EXPECT_EQ(key.name(), std::string(16, 'n'));
  EXPECT_EQ(key.mac_secret(), std::string(32, 'm'));
  EXPECT_EQ(key.cipher_secret(), std::string(32, 'c'));
  EXPECT_EQ(key.not_before_ms(), 5);
}

TEST(GivenTicketKeys, TheLatestWhoseTimeHasComeMakesTicketsAndAllAreTaken) {
  const GivenTicketKeys keys(
      {TicketKey(Material('b'), 200), TicketKey(Material('a'), 100), TicketKey(Material('c'), 300)});
  const auto chosen = [&](int64_t now_ms) { return ChosenName(keys, now_ms).front(); };
  EXPECT_EQ(chosen(99), 'a') << "while none has begun";
  EXPECT_EQ(chosen(100), 'a');
  EXPECT_EQ(chosen(199), 'a');
  EXPECT_EQ(chosen(200), 'b');
  EXPECT_EQ(chosen(299), 'b');
  EXPECT_EQ(chosen(1'000), 'c');
  TicketKey key;
  EXPECT_EQ(keys.Find(std::string(16, 'a'), 250, &key), Found::kTaken);
  EXPECT_EQ(key.name().front(), 'a');
  EXPECT_EQ(keys.Find(std::string(16, 'b'), 250, &key), Found::kMakesTickets);
  EXPECT_EQ(keys.Find(std::string(16, 'c'), 250, &key), Found::kTaken) << "another proxy's clock may be ahead";
  EXPECT_EQ(keys.Find(std::string(16, 'd'), 250, &key), Found::kNone);
}

TEST(GivenTicketKeys, TellTheirNamesAndWhichMakesTickets) {
  const GivenTicketKeys keys({TicketKey(Material('\x0f'), 200), TicketKey(Material('a'), 0)});
  const std::vector<GivenTicketKeys::About> described = keys.Describe(100);
  ASSERT_EQ(described.size(), 2U);
  EXPECT_EQ(described[0].name, "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f");
  EXPECT_EQ(described[0].not_before_ms, 200);
  EXPECT_FALSE(described[0].makes_tickets);
  EXPECT_TRUE(described[1].makes_tickets);
}

TEST(OwnTicketKeys, ChangeByTheirTimeAndKeepTheOneBefore) {
  constexpr int64_t kPeriod = OwnTicketKeys::kPeriodMs;
  const OwnTicketKeys keys(0);
  TicketKey key;
  const std::string first = ChosenName(keys, 0);
  EXPECT_EQ(ChosenName(keys, kPeriod - 1), first);
  const std::string second = ChosenName(keys, kPeriod);
  EXPECT_NE(second, first);
  EXPECT_EQ(keys.Find(first, kPeriod, &key), Found::kTaken);
  EXPECT_EQ(key.name(), first);
  EXPECT_EQ(keys.Find(second, kPeriod, &key), Found::kMakesTickets);
  // By who comes to be resumed, too.
  EXPECT_EQ(keys.Find(second, 2 * kPeriod, &key), Found::kTaken);
  EXPECT_EQ(keys.Find(first, 2 * kPeriod, &key), Found::kNone);
  EXPECT_EQ(keys.Find(std::string(16, '\0'), 2 * kPeriod, &key), Found::kNone) << "what is forgotten is no key";
}

TEST(OwnTicketKeys, DifferFromListenerToListener) {
  EXPECT_NE(ChosenName(OwnTicketKeys(0), 0), ChosenName(OwnTicketKeys(0), 0));
}

TEST(OwnTicketKeys, DoNotWaitForAClockThatWasSetBack) {
  const OwnTicketKeys keys(1'000'000'000'000);
  const std::string first = ChosenName(keys, 1'000'000'000'000);
  const std::string second = ChosenName(keys, 5);
  EXPECT_NE(second, first);
  EXPECT_EQ(ChosenName(keys, 6), second);
}

// Under tsan, above all: keys change under threads that use them.
TEST(OwnTicketKeys, ServeManyThreadsWhileTheyChange) {
  const OwnTicketKeys keys(0);
  std::atomic<int64_t> now_ms{0};
  std::atomic<int> bad{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 2'000; ++round) {
        const int64_t now = now_ms.fetch_add(OwnTicketKeys::kPeriodMs / 50);
        TicketKey made;
        keys.Choose(now, &made);
        TicketKey found;
        const Found result = keys.Find(made.name(), now, &found);
        if (result == Found::kNone) continue;  // two changes in between: others are that far
        if (found.name() != made.name() || found.cipher_secret() != made.cipher_secret()) ++bad;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(bad, 0);
}

}  // namespace
}  // namespace fairlead::tls
