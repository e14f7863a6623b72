#include "controlplane-mock/etcd/store_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace fairlead::controlplane_mock::etcd {
namespace {

using testing::ElementsAre;

std::string ErrorOf(const std::string& text) {
  const auto address = ParseStoreAddress(text);
  return address.ok() ? "" : std::string(address.status().message());
}

TEST(ParseStoreAddress, TakesOneMemberOrMoreOfACluster) {
  const auto one = ParseStoreAddress("etcd://127.0.0.1:2379/fairlead");
  ASSERT_TRUE(one.ok());
  EXPECT_THAT(one->members, ElementsAre("127.0.0.1:2379"));
  EXPECT_EQ(one->prefix, "/fairlead");

  const auto three = ParseStoreAddress("etcd://a:1,b:2,[::1]:3/teams/edge/");
  ASSERT_TRUE(three.ok());
  EXPECT_THAT(three->members, ElementsAre("a:1", "b:2", "[::1]:3"));
  EXPECT_EQ(three->prefix, "/teams/edge");
}

TEST(ParseStoreAddress, SaysWhatIsMissing) {
  EXPECT_EQ(ErrorOf("consul://h:1/p"), "not etcd://HOST:PORT/PREFIX: \"consul://h:1/p\"");
  EXPECT_EQ(ErrorOf("etcd://h:1"), "not etcd://HOST:PORT/PREFIX: \"etcd://h:1\": no PREFIX");
  EXPECT_EQ(ErrorOf("etcd://h:1/"), "not etcd://HOST:PORT/PREFIX: \"etcd://h:1/\": no PREFIX");
  EXPECT_EQ(ErrorOf("etcd:///p"), "not etcd://HOST:PORT/PREFIX: \"etcd:///p\": no HOST:PORT");
}

}  // namespace
}  // namespace fairlead::controlplane_mock::etcd
