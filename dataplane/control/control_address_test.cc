#include "dataplane/control/control_address.h"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::control {
namespace {

std::string TargetOf(std::string_view text, bool has_mutual_tls = false) {
  const absl::StatusOr<net::Address> address = ParseControlAddress(text, has_mutual_tls);
  return address.ok() ? ToGrpcTarget(*address) : std::string(address.status().message());
}

TEST(ControlAddress, LoopbackAndUnixSocketsAreAllowed) {
  EXPECT_EQ(TargetOf("127.0.0.1:5000"), "ipv4:127.0.0.1:5000");
  EXPECT_EQ(TargetOf("127.1.2.3:5000"), "ipv4:127.1.2.3:5000");
  EXPECT_EQ(TargetOf("[::1]:5000"), "ipv6:[::1]:5000");
  EXPECT_EQ(TargetOf("localhost:5000"), "ipv4:127.0.0.1:5000");
  EXPECT_EQ(TargetOf("unix:/run/fairlead.sock"), "unix:/run/fairlead.sock");
}

TEST(ControlAddress, BeyondLoopbackIsRefusedWithoutMtls) {
  for (const char* address : {"0.0.0.0:5000", "[::]:5000", "10.0.0.1:5000", "126.255.255.255:1", "128.0.0.1:1",
                              "[2001:db8::1]:5000", "[::ffff:127.0.0.1]:5000"}) {
    EXPECT_NE(TargetOf(address).find("needs mTLS: give --control_ca, --control_cert and --control_key"),
              std::string::npos)
        << address;
    EXPECT_EQ(TargetOf(address, /*has_mutual_tls=*/true).substr(0, 3), "ipv") << address;
  }
}

TEST(ControlAddress, NonsenseIsRefused) {
  EXPECT_EQ(TargetOf("controller:5000"), "not an IP:port or unix path: \"controller:5000\"");
  EXPECT_EQ(TargetOf("localhost"), "not an IP:port or unix path: \"localhost\"");
  EXPECT_EQ(TargetOf(""), "not an IP:port or unix path: \"\"");
}

}  // namespace
}  // namespace fairlead::control
