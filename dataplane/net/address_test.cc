#include "dataplane/net/address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "absl/hash/hash_testing.h"

namespace fairlead::net {
namespace {

Address Parsed(std::string_view text) {
  absl::StatusOr<Address> address = Address::Parse(text);
  EXPECT_TRUE(address.ok()) << address.status();
  return address.value_or(Address());
}

TEST(Address, IsSmall) { EXPECT_LE(sizeof(Address), 32u); }

TEST(Address, WritesWhatItReads) {
  for (const char* text : {"127.0.0.1:80", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:80", "[::]:0",
                           "[2001:db8::1:2]:8443", "[::ffff:1.2.3.4]:1", "[fe80::1%2]:80", "unix:/run/app.sock"}) {
    EXPECT_EQ(Parsed(text).ToString(), text);
  }
}

TEST(Address, KnowsItsParts) {
  EXPECT_EQ(Parsed("10.0.0.1:8080").family(), AF_INET);
  EXPECT_EQ(Parsed("10.0.0.1:8080").port(), 8080);
  EXPECT_EQ(Parsed("10.0.0.1:8080").path(), "");
  EXPECT_EQ(Parsed("[::1]:443").family(), AF_INET6);
  EXPECT_EQ(Parsed("[::1]:443").port(), 443);
  EXPECT_EQ(Parsed("unix:/a b").family(), AF_UNIX);
  EXPECT_EQ(Parsed("unix:/a b").port(), 0);
  EXPECT_EQ(Parsed("unix:/a b").path(), "/a b");
}

TEST(Address, GivesTheKernelItsForm) {
  const Address v4 = Parsed("1.2.3.4:80");
  ASSERT_EQ(v4.length(), sizeof(sockaddr_in));
  const auto* in = reinterpret_cast<const sockaddr_in*>(v4.get());
  EXPECT_EQ(in->sin_family, AF_INET);
  EXPECT_EQ(in->sin_port, htons(80));
  EXPECT_EQ(in->sin_addr.s_addr, htonl(0x01020304));

  const Address v6 = Parsed("[1::2%7]:80");
  ASSERT_EQ(v6.length(), sizeof(sockaddr_in6));
  const auto* in6 = reinterpret_cast<const sockaddr_in6*>(v6.get());
  EXPECT_EQ(in6->sin6_family, AF_INET6);
  EXPECT_EQ(in6->sin6_port, htons(80));
  EXPECT_EQ(in6->sin6_addr.s6_addr[1], 1);
  EXPECT_EQ(in6->sin6_addr.s6_addr[15], 2);
  EXPECT_EQ(in6->sin6_scope_id, 7u);

  const Address path = Parsed("unix:/run/app.sock");
  ASSERT_EQ(path.length(), offsetof(sockaddr_un, sun_path) + 14);
  EXPECT_STREQ(reinterpret_cast<const sockaddr_un*>(path.get())->sun_path, "/run/app.sock");
}

TEST(Address, RefusesWhatIsNotAnAddress) {
  for (const std::string text : {"",
                                 "80",
                                 ":80",
                                 "1.2.3.4",
                                 "1.2.3.4:",
                                 "10.0.0.300:80",
                                 "1.2.3:80",
                                 "1.2.3.4.5:80",
                                 "01.2.3.4:80",
                                 "1.2.3.4:65536",
                                 "1.2.3.4:99999999999",
                                 "1.2.3.4:-1",
                                 "1.2.3.4:+1",
                                 "1.2.3.4: 1",
                                 "1.2.3.4:8o",
                                 "1.2.3.4:080",
                                 " 1.2.3.4:80",
                                 "1.2.3.4:80 ",
                                 "localhost:80",
                                 "::1:80",
                                 "[::1]",
                                 "[::1]80",
                                 "[::1:80",
                                 "::1]:80",
                                 "[1.2.3.4]:80",
                                 "[::1%]:80",
                                 "[::1%eth0]:80",
                                 "[]:80",
                                 "[::g]:80",
                                 "unix:",
                                 "unix:relative",
                                 "unix:@abstract",
                                 "/run/app.sock"}) {
    const absl::Status status = Address::Parse(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_EQ(status.message(), "not an IP:port or unix path: \"" + text + "\"");
  }
}

TEST(Address, RefusesNulBytesAndShowsThem) {
  using std::string_literals::operator""s;
  EXPECT_EQ(Address::Parse("1.2.3.4\0:80"s).status().message(), R"(not an IP:port or unix path: "1.2.3.4\x00:80")");
  EXPECT_EQ(Address::Parse("[::1\0]:80"s).status().message(), R"(not an IP:port or unix path: "[::1\x00]:80")");
  EXPECT_EQ(Address::Parse("unix:/a\0z"s).status().message(), R"(not an IP:port or unix path: "unix:/a\x00z")");
}

TEST(Address, AUnixPathMayBeAsLongAsTheKernelAllows) {
  const std::string longest = "/" + std::string(106, 'x');
  EXPECT_EQ(Parsed("unix:" + longest).path(), longest);
  EXPECT_EQ(Address::Parse("unix:" + longest + "x").status().message(),
            "a unix path has at most 107 bytes: \"" + longest + "x\"");
}

TEST(Address, ComesBackFromTheKernelsForm) {
  for (const char* text : {"1.2.3.4:80", "[fe80::1%2]:80", "unix:/run/app.sock"}) {
    const Address address = Parsed(text);
    const auto again = Address::FromSockaddr(address.get(), address.length());
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(*again, address);
    EXPECT_EQ(again->ToString(), text);
  }
}

TEST(Address, IgnoresWhatDoesNotBelongToTheAddressInTheKernelsForm) {
  sockaddr_in6 from = {};
  from.sin6_family = AF_INET6;
  from.sin6_addr = in6addr_loopback;
  from.sin6_port = htons(80);
  from.sin6_flowinfo = 12345;
  EXPECT_EQ(Address::FromSockaddr(reinterpret_cast<sockaddr*>(&from), sizeof(from)), Parsed("[::1]:80"));
}

TEST(Address, AUnixClientHasNoPath) {
  sockaddr_un from = {AF_UNIX, ""};
  const auto unnamed = Address::FromSockaddr(reinterpret_cast<sockaddr*>(&from), sizeof(sa_family_t));
  ASSERT_TRUE(unnamed.has_value());
  EXPECT_EQ(unnamed->ToString(), "unix:");
  EXPECT_EQ(unnamed->length(), sizeof(sa_family_t));
  EXPECT_EQ(Address(*unnamed), *unnamed);
}

TEST(Address, RefusesOtherFamiliesAndShortForms) {
  sockaddr_storage from = {};
  from.ss_family = AF_PACKET;
  EXPECT_FALSE(Address::FromSockaddr(reinterpret_cast<sockaddr*>(&from), sizeof(from)).has_value());
  from.ss_family = AF_INET6;
  EXPECT_FALSE(Address::FromSockaddr(reinterpret_cast<sockaddr*>(&from), sizeof(sockaddr_in)).has_value());
}

TEST(Address, IsAValue) {
  Address path = Parsed("unix:/one");
  Address copy = path;
  EXPECT_EQ(copy, path);
  path = Parsed("unix:/two");
  EXPECT_EQ(copy.path(), "/one");
  copy = std::move(path);
  EXPECT_EQ(copy.path(), "/two");
  const Address& self = copy;
  copy = self;
  EXPECT_EQ(copy.path(), "/two");
  path = Parsed("1.2.3.4:5");
  EXPECT_EQ(path.port(), 5);
}

TEST(Address, EqualOnesHaveEqualHashes) {
  EXPECT_TRUE(absl::VerifyTypeImplementsAbslHashCorrectly(
      {Address(), Parsed("1.2.3.4:80"), Parsed("1.2.3.4:81"), Parsed("1.2.3.5:80"), Parsed("[::1]:80"),
       Parsed("[::1]:81"), Parsed("[::1%1]:80"), Parsed("unix:/a"), Parsed("unix:/b"), Parsed("unix:/ab")}));
}

}  // namespace
}  // namespace fairlead::net
