#include "dataplane/proxy/request_times.h"

#include <gtest/gtest.h>

namespace fairlead::proxy {
namespace {

using Mark = RequestTimes::Mark;

TEST(RequestTimes, TellHowLongAPhaseTook) {
  RequestTimes times;
  times.Start(true);
  times.Take(Mark::kHead);
  const uint64_t now = MonotonicUs();
  while (MonotonicUs() < now + 2) continue;
  times.Take(Mark::kEnd);
  EXPECT_GE(times.Between(Mark::kBegin, Mark::kHead), 0);
  EXPECT_GE(times.Between(Mark::kHead, Mark::kEnd), 2);
  EXPECT_GE(times.Between(Mark::kBegin, Mark::kEnd), times.Between(Mark::kHead, Mark::kEnd));
}

TEST(RequestTimes, DoNotTellOfAPhaseThatWasNotReachedOrCameTheOtherWayRound) {
  RequestTimes times;
  times.Start(true);
  EXPECT_EQ(times.Between(Mark::kBegin, Mark::kServer), -1);
  times.Take(Mark::kResponseHead);
  const uint64_t now = MonotonicUs();
  while (MonotonicUs() == now) continue;
  times.Take(Mark::kRequestEnd);
  EXPECT_EQ(times.Between(Mark::kRequestEnd, Mark::kResponseHead), -1);
}

TEST(RequestTimes, KeepTheFirstOrTheLastOfWhatHappensAgain) {
  RequestTimes times;
  times.Start(true);
  times.TakeFirst(Mark::kServer);
  const uint64_t now = MonotonicUs();
  while (MonotonicUs() == now) continue;
  times.TakeFirst(Mark::kServer);
  times.Take(Mark::kConnected);
  EXPECT_GE(times.Between(Mark::kServer, Mark::kConnected), 1);
}

TEST(RequestTimes, StartAnew) {
  RequestTimes times;
  times.Start(true);
  times.Take(Mark::kHead);
  times.Start(true);
  EXPECT_FALSE(times.Has(Mark::kHead));
}

TEST(RequestTimes, TellNothingWhereNobodyWantedThem) {
  RequestTimes times;
  times.Start(false);
  times.Take(Mark::kHead);
  times.Copy(Mark::kEnd, Mark::kHead);
  EXPECT_EQ(times.Between(Mark::kHead, Mark::kEnd), -1);
}

}  // namespace
}  // namespace fairlead::proxy
