#include "dataplane/event/mailbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace fairlead::event {
namespace {

using ::testing::ElementsAre;

bool Readable(int fd) {
  pollfd descriptor = {fd, POLLIN, 0};
  return poll(&descriptor, 1, 0) == 1;
}

void ClearWakeUp(int fd) {
  eventfd_t count;
  ASSERT_EQ(eventfd_read(fd, &count), 0);
}

TEST(Mailbox, RunsFunctionsInTheOrderOfPosting) {
  Mailbox mailbox;
  std::vector<int> ran;
  for (int i = 0; i < 3; ++i) mailbox.Post([&ran, i] { ran.push_back(i); });
  mailbox.RunPosted();
  EXPECT_THAT(ran, ElementsAre(0, 1, 2));
  mailbox.RunPosted();
  EXPECT_THAT(ran, ElementsAre(0, 1, 2));
}

TEST(Mailbox, WakesOnceForManyMessages) {
  Mailbox mailbox;
  EXPECT_FALSE(Readable(mailbox.fd()));
  for (int i = 0; i < 100; ++i) mailbox.Post([] {});
  eventfd_t wake_ups = 0;
  ASSERT_EQ(eventfd_read(mailbox.fd(), &wake_ups), 0);
  EXPECT_EQ(wake_ups, 1u);
}

TEST(Mailbox, WakesAgainAfterItWasEmptied) {
  Mailbox mailbox;
  mailbox.Post([] {});
  ClearWakeUp(mailbox.fd());
  mailbox.RunPosted();
  mailbox.Post([] {});
  EXPECT_TRUE(Readable(mailbox.fd()));
}

TEST(Mailbox, WhatAFunctionPostsWaitsForTheNextRun) {
  Mailbox mailbox;
  int ran = 0;
  mailbox.Post([&] {
    ++ran;
    mailbox.Post([&] { ++ran; });
  });
  mailbox.RunPosted();
  EXPECT_EQ(ran, 1);
  EXPECT_TRUE(Readable(mailbox.fd()));
  mailbox.RunPosted();
  EXPECT_EQ(ran, 2);
}

TEST(Mailbox, AFunctionIsDestroyedOnceItRan) {
  Mailbox mailbox;
  auto owned = std::make_shared<int>(1);
  std::weak_ptr<int> alive = owned;
  mailbox.Post([owned = std::move(owned)] {});
  EXPECT_FALSE(alive.expired());
  mailbox.RunPosted();
  EXPECT_TRUE(alive.expired());
}

TEST(Mailbox, FunctionsThatNeverRanAreDestroyedWithIt) {
  auto owned = std::make_shared<int>(1);
  std::weak_ptr<int> alive = owned;
  {
    Mailbox mailbox;
    mailbox.Post([owned = std::move(owned)] { FAIL(); });
  }
  EXPECT_TRUE(alive.expired());
}

// A large object that notes the thread it is destroyed on.
class Tracked {
 public:
  explicit Tracked(std::atomic<int>* destroyed_elsewhere, std::thread::id home)
      : destroyed_elsewhere_(destroyed_elsewhere), home_(home) {}
  Tracked(Tracked&& other) noexcept
      : destroyed_elsewhere_(std::exchange(other.destroyed_elsewhere_, nullptr)), home_(other.home_) {}
  ~Tracked() {
    if (destroyed_elsewhere_ != nullptr && std::this_thread::get_id() != home_) ++*destroyed_elsewhere_;
  }

 private:
  std::atomic<int>* destroyed_elsewhere_;
  std::thread::id home_;
  [[maybe_unused]] std::array<char, 256> ballast_ = {};
};

TEST(Mailbox, KeepsEachSendersOrderAndRunsAndDestroysOnTheReceiversThread) {
  constexpr int kSenders = 4;
  constexpr int kMessages = 5000;
  Mailbox mailbox;
  std::atomic<int> destroyed_elsewhere = 0;
  const std::thread::id home = std::this_thread::get_id();
  std::vector<int> next(kSenders, 0);  // no lock: for this thread alone
  int received = 0;
  bool in_order = true;

  std::vector<std::thread> senders;
  for (int sender = 0; sender < kSenders; ++sender) {
    senders.emplace_back([&, sender] {
      for (int i = 0; i < kMessages; ++i) {
        mailbox.Post([&, sender, i, tracked = Tracked(&destroyed_elsewhere, home)] {
          in_order = in_order && next[sender] == i && std::this_thread::get_id() == home;
          next[sender] = i + 1;
          ++received;
        });
      }
    });
  }
  while (received < kSenders * kMessages) {
    // Blocks: a lost wake-up would hang here.
    ClearWakeUp(mailbox.fd());
    mailbox.RunPosted();
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_TRUE(in_order);
  EXPECT_EQ(destroyed_elsewhere, 0);
}

}  // namespace
}  // namespace fairlead::event
