#include "dataplane/control/grpc_peer.h"

#include "gtest/gtest.h"

namespace fairlead::control {
namespace {

TEST(PeerAddress, IsThatOfAnIpPeer) {
  EXPECT_EQ(PeerAddress("ipv4:127.0.0.1:4711"), "127.0.0.1:4711");
  EXPECT_EQ(PeerAddress("ipv6:%5B::1%5D:4711"), "[::1]:4711");
  EXPECT_EQ(PeerAddress("ipv6:[::1]:4711"), "[::1]:4711");
}

TEST(PeerAddress, IsEmptyForOthers) {
  EXPECT_EQ(PeerAddress("unix:"), "");
  EXPECT_EQ(PeerAddress("unknown"), "");
  EXPECT_EQ(PeerAddress(""), "");
}

TEST(BearerToken, IsWhatFollowsTheScheme) {
  EXPECT_EQ(BearerToken("Bearer abc.DEF-1~+/="), "abc.DEF-1~+/=");
  EXPECT_EQ(BearerToken("bearer  abc"), "abc");
}

TEST(BearerToken, IsInNoOtherField) {
  EXPECT_EQ(BearerToken("Basic dTpw"), std::nullopt);
  EXPECT_EQ(BearerToken("Bearer"), std::nullopt);
  EXPECT_EQ(BearerToken("Bearer "), std::nullopt);
  EXPECT_EQ(BearerToken("Bearerabc"), std::nullopt);
  EXPECT_EQ(BearerToken(""), std::nullopt);
}

}  // namespace
}  // namespace fairlead::control
