#include "prober/peer_protocol.h"

#include <gtest/gtest.h>

namespace fairlead::prober {
namespace {

v1::ProberBeat Beat() {
  v1::ProberBeat beat;
  beat.set_id("probe-a");
  beat.set_incarnation(7);
  beat.set_sequence(1);
  return beat;
}

TEST(PeerProtocol, WhatIsSealedOpens) {
  for (const char* key : {"", "a secret of all"}) {
    const auto opened = OpenBeat(SealBeat(Beat(), key), key);
    ASSERT_TRUE(opened.has_value()) << key;
    EXPECT_EQ(opened->SerializeAsString(), Beat().SerializeAsString());
  }
}

TEST(PeerProtocol, OpensForWhoHasTheKeyAlone) {
  EXPECT_FALSE(OpenBeat(SealBeat(Beat(), "one key"), "another key").has_value());
  EXPECT_FALSE(OpenBeat(SealBeat(Beat(), ""), "a key").has_value());
}

TEST(PeerProtocol, NothingThatWasChangedOpens) {
  const std::string sealed = SealBeat(Beat(), "key");
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(OpenBeat(changed, "key").has_value()) << i;
    EXPECT_FALSE(OpenBeat(sealed.substr(0, i), "key").has_value()) << i;
  }
}

TEST(PeerProtocol, RefusesWhatIsNone) {
  EXPECT_FALSE(OpenBeat("", "").has_value());
  EXPECT_FALSE(OpenBeat("FLP1", "").has_value()) << "nobody's";
  EXPECT_FALSE(OpenBeat("FLP2" + SealBeat(Beat(), "").substr(4), "").has_value());
  EXPECT_FALSE(OpenBeat("FLP1\xff\xff\xff", "").has_value());
  EXPECT_FALSE(OpenBeat(SealBeat(Beat(), "") + std::string(kMaxDatagram, '\0'), "").has_value());
}

}  // namespace
}  // namespace fairlead::prober
