#include "dataplane/control/control_address.h"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::control {
namespace {

std::string TargetOf(std::string_view text) {
  const absl::StatusOr<net::Address> address = ParseControlAddress(text);
  return address.ok() ? ToGrpcTarget(*address) : std::string(address.status().message());
}

TEST(ControlAddress, LoopbackAndUnixSocketsAreAllowed) {
  EXPECT_EQ(TargetOf("127.0.0.1:5000"), "ipv4:127.0.0.1:5000");
  EXPECT_EQ(TargetOf("127.1.2.3:5000"), "ipv4:127.1.2.3:5000");
  EXPECT_EQ(TargetOf("[::1]:5000"), "ipv6:[::1]:5000");
  EXPECT_EQ(TargetOf("localhost:5000"), "ipv4:127.0.0.1:5000");
  EXPECT_EQ(TargetOf("unix:/run/fairlead.sock"), "unix:/run/fairlead.sock");
}

TEST(ControlAddress, BeyondLoopbackIsRefusedForWantOfMtls) {
  for (const char* address : {"0.0.0.0:5000", "[::]:5000", "10.0.0.1:5000", "126.255.255.255:1", "128.0.0.1:1",
                              "[2001:db8::1]:5000", "[::ffff:127.0.0.1]:5000"}) {
    EXPECT_NE(TargetOf(address).find("needs mTLS, which this version does not do yet"), std::string::npos) << address;
  }
}

TEST(ControlAddress, NonsenseIsRefused) {
  EXPECT_EQ(TargetOf("controller:5000"), "not an IP:port or unix path: \"controller:5000\"");
  EXPECT_EQ(TargetOf("localhost"), "not an IP:port or unix path: \"localhost\"");
  EXPECT_EQ(TargetOf(""), "not an IP:port or unix path: \"\"");
}

}  // namespace
}  // namespace fairlead::control
