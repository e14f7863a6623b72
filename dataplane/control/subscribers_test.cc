#include "dataplane/control/subscribers.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>

namespace fairlead::control {
namespace {

TEST(Subscribers, AreToldUntilTheyEnd) {
  Subscribers subscribers;
  int calls = 0;
  {
    Subscribers::Subscription subscription(&subscribers, [&](const Changes&) { ++calls; });
    subscribers.Notify({});
    subscribers.Notify({});
  }
  subscribers.Notify({});
  EXPECT_EQ(calls, 2);
}

TEST(Subscribers, MayEndThemselvesAndOthersFromWithin) {
  Subscribers subscribers;
  int calls = 0;
  std::optional<Subscribers::Subscription> first, second, third;
  first.emplace(&subscribers, [&](const Changes&) {
    ++calls;
    second.reset();
    first.reset();
  });
  second.emplace(&subscribers, [&](const Changes&) { ADD_FAILURE(); });
  third.emplace(&subscribers, [&](const Changes&) { ++calls; });
  subscribers.Notify({});
  EXPECT_EQ(calls, 2);
  subscribers.Notify({});
  EXPECT_EQ(calls, 3);
}

TEST(Subscribers, ThatComeMeanwhileHearOfTheNextChange) {
  Subscribers subscribers;
  int calls = 0;
  std::optional<Subscribers::Subscription> late;
  Subscribers::Subscription early(&subscribers, [&](const Changes&) {
    if (!late) late.emplace(&subscribers, [&](const Changes&) { ++calls; });
  });
  subscribers.Notify({});
  EXPECT_EQ(calls, 0);
  subscribers.Notify({});
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace fairlead::control
