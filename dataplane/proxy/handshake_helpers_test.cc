#include "dataplane/proxy/handshake_helpers.h"

#include <gtest/gtest.h>

#include "dataplane/tls/handshake_pool.h"

namespace fairlead::proxy {
namespace {

class HandshakeHelpersTest : public testing::Test {
 protected:
  ~HandshakeHelpersTest() override { pool_.Stop(); }

  bool HandsOver(uint64_t now_ms, uint64_t pieces, bool in_progress = false) {
    return helpers_.Choose(now_ms, pieces, in_progress) != nullptr;
  }

  tls::HandshakePool pool_{1};
  HandshakeHelpers helpers_{&pool_};
};

TEST_F(HandshakeHelpersTest, AnIdleWorkerDoesThemItself) {
  EXPECT_FALSE(HandsOver(0, 0));
  EXPECT_FALSE(HandsOver(1'000, 0));
  EXPECT_FALSE(HandsOver(2'000, 0));
}

TEST_F(HandshakeHelpersTest, SoDoesOneThatHasNothingButHandshakes) {
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(HandsOver(1'000 + i / 10, 0));
}

TEST_F(HandshakeHelpersTest, OneThatServesRequestsOrPassesBytesOnDoesNot) {
  EXPECT_FALSE(HandsOver(1'000, 0));
  EXPECT_TRUE(HandsOver(1'050, 1));
  EXPECT_TRUE(HandsOver(2'049, 1));  // a second has not passed
  EXPECT_FALSE(HandsOver(2'050, 1));
  EXPECT_TRUE(HandsOver(2'060, 500));
}

TEST_F(HandshakeHelpersTest, NorDoesOneWithRequestsThatLast) {
  EXPECT_TRUE(HandsOver(1'000, 1, /*in_progress=*/true));
  EXPECT_TRUE(HandsOver(100'000, 1, /*in_progress=*/true));
  EXPECT_TRUE(HandsOver(100'999, 1));
  EXPECT_FALSE(HandsOver(101'000, 1));
}

TEST(HandshakeHelpers, WithoutAPoolTheWorkerDoesThemAll) {
  HandshakeHelpers helpers(nullptr);
  EXPECT_EQ(helpers.Choose(1'000, 1, false), nullptr);
  EXPECT_EQ(helpers.Choose(1'001, 2, true), nullptr);
}

}  // namespace
}  // namespace fairlead::proxy
