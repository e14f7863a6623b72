#include "dataplane/proxy/early_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace fairlead::proxy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

http::RequestHead Request(http::Method method) {
  http::RequestHead request;
  request.method = method;
  return request;
}

TEST(EarlyData, HoldsWhatIsNotSafeToDoTwice) {
  using enum http::Method;
  for (const http::Method method : {kGet, kHead, kOptions, kTrace}) EXPECT_FALSE(EarlyData::Holds(Request(method)));
  for (const http::Method method : {kPost, kPut, kDelete, kConnect, kPatch, kOther}) {
    EXPECT_TRUE(EarlyData::Holds(Request(method)));
  }
}

TEST(EarlyData, HoldsWhatWouldBecomeATunnel) {
  http::RequestHead request = Request(http::Method::kGet);
  request.connection_upgrade = true;
  EXPECT_TRUE(EarlyData::Holds(request));
}

struct Exchange {
  int number;
  std::vector<int>* resumed;
  EarlyData* early;
  Exchange* ends = nullptr;

  static void Resume(void* self) {
    auto* const exchange = static_cast<Exchange*>(self);
    EXPECT_TRUE(exchange->early->over());
    exchange->resumed->push_back(exchange->number);
    if (exchange->ends != nullptr) exchange->early->Forget(exchange->ends);
  }
};

TEST(EarlyData, ResumesInOrderWhoeverIsStillThere) {
  EarlyData early;
  std::vector<int> resumed;
  Exchange exchanges[] = {{1, &resumed, &early}, {2, &resumed, &early}, {3, &resumed, &early}, {4, &resumed, &early}};
  for (Exchange& exchange : exchanges) early.Wait(&exchange, &Exchange::Resume);
  early.Forget(&exchanges[1]);
  exchanges[0].ends = &exchanges[2];
  EXPECT_THAT(resumed, IsEmpty());
  EXPECT_FALSE(early.over());
  early.End();
  EXPECT_THAT(resumed, ElementsAre(1, 4));
}

}  // namespace
}  // namespace fairlead::proxy
