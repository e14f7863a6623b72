#include "dataplane/proxy/handshake_helpers.h"

#include <gtest/gtest.h>

#include "dataplane/tls/handshake_pool.h"

namespace fairlead::proxy {
namespace {

class HandshakeHelpersTest : public testing::Test {
 protected:
  ~HandshakeHelpersTest() override { pool_.Stop(); }

  bool HandsOver(uint64_t now_ms, uint64_t requests) { return helpers_.Choose(now_ms, requests) != nullptr; }

  tls::HandshakePool pool_{1};
  HandshakeHelpers helpers_{&pool_};
};

TEST_F(HandshakeHelpersTest, AnIdleWorkerDoesThemItself) {
  EXPECT_FALSE(HandsOver(1'000, 0));
  EXPECT_FALSE(HandsOver(2'000, 0));
  EXPECT_FALSE(HandsOver(2'100, 0));
}

TEST_F(HandshakeHelpersTest, OneThatServesRequestsDoesNot) {
  EXPECT_FALSE(HandsOver(1'000, 0));
  EXPECT_TRUE(HandsOver(1'050, 1));
  EXPECT_TRUE(HandsOver(1'100, 1));  // there were some within the window before
  EXPECT_FALSE(HandsOver(1'200, 1));
  EXPECT_TRUE(HandsOver(1'300, 500));
}

TEST_F(HandshakeHelpersTest, NorDoesOneUnderAStormOfThem) {
  EXPECT_FALSE(HandsOver(1'000, 0));
  EXPECT_TRUE(HandsOver(1'001, 0));
  EXPECT_TRUE(HandsOver(1'100, 0));
  EXPECT_TRUE(HandsOver(1'101, 0));
}

TEST(HandshakeHelpers, WithoutAPoolTheWorkerDoesThemAll) {
  HandshakeHelpers helpers(nullptr);
  EXPECT_EQ(helpers.Choose(1'000, 1), nullptr);
  EXPECT_EQ(helpers.Choose(1'001, 2), nullptr);
}

}  // namespace
}  // namespace fairlead::proxy
