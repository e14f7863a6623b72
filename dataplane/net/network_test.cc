#include "dataplane/net/network.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"

namespace fairlead::net {
namespace {

Network Parsed(std::string_view text) { return Network::Parse(text).value(); }

Address At(std::string_view text) { return Address::Parse(text).value(); }

Address UnixClient() {
  const sockaddr_un nameless = {.sun_family = AF_UNIX, .sun_path = {}};
  return *Address::FromSockaddr(reinterpret_cast<const sockaddr*>(&nameless), sizeof(sa_family_t));
}

std::string ErrorOf(std::string_view text) {
  const auto network = Network::Parse(text);
  return network.ok() ? "ok" : std::string(network.status().message());
}

TEST(Network, WritesWhatItReads) {
  for (const char* text : {"10.0.0.0/8", "0.0.0.0/0", "192.168.1.1/32", "10.128.0.0/9", "::/0", "::1/128",
                           "2001:db8::/32", "fe80::/10", "8000::/1", "unix"}) {
    EXPECT_EQ(Parsed(text).ToString(), text);
    EXPECT_EQ(Parsed(Parsed(text).ToString()), Parsed(text));
  }
  EXPECT_EQ(Parsed("127.0.0.1").ToString(), "127.0.0.1/32");
  EXPECT_EQ(Parsed("::1").ToString(), "::1/128");
  EXPECT_EQ(Parsed("2001:DB8:0::/33").ToString(), "2001:db8::/33");
}

TEST(Network, HoldsTheAddressesThatBeginWithItsBits) {
  EXPECT_TRUE(Parsed("10.0.0.0/8").Contains(At("10.0.0.0:1")));
  EXPECT_TRUE(Parsed("10.0.0.0/8").Contains(At("10.255.255.255:65535")));
  EXPECT_FALSE(Parsed("10.0.0.0/8").Contains(At("9.255.255.255:1")));
  EXPECT_FALSE(Parsed("10.0.0.0/8").Contains(At("11.0.0.0:1")));
  EXPECT_TRUE(Parsed("10.1.2.3").Contains(At("10.1.2.3:1")));
  EXPECT_FALSE(Parsed("10.1.2.3").Contains(At("10.1.2.2:1")));
  EXPECT_TRUE(Parsed("0.0.0.0/0").Contains(At("255.255.255.255:1")));
  EXPECT_TRUE(Parsed("2001:db8::/33").Contains(At("[2001:db8:7fff:ffff::]:1")));
  EXPECT_FALSE(Parsed("2001:db8::/33").Contains(At("[2001:db8:8000::]:1")));
  EXPECT_TRUE(Parsed("::1/128").Contains(At("[::1]:1")));
  EXPECT_FALSE(Parsed("::1/128").Contains(At("[::2]:1")));
  EXPECT_TRUE(Parsed("fe80::/10").Contains(At("[fe80::1%2]:1")));
}

TEST(Network, HoldsUnixSocketsByTheirName) {
  EXPECT_TRUE(Parsed("unix").Contains(UnixClient()));
  EXPECT_TRUE(Parsed("unix").Contains(At("unix:/run/s")));
  EXPECT_FALSE(Parsed("unix").Contains(At("127.0.0.1:1")));
  EXPECT_FALSE(Parsed("0.0.0.0/0").Contains(UnixClient()));
  EXPECT_FALSE(Parsed("::/0").Contains(UnixClient()));
}

TEST(Network, TakesIpv4WithinIpv6ForIpv4) {
  EXPECT_TRUE(Parsed("10.0.0.0/8").Contains(At("[::ffff:10.1.2.3]:1")));
  EXPECT_FALSE(Parsed("10.0.0.0/8").Contains(At("[::ffff:11.1.2.3]:1")));
  EXPECT_EQ(Parsed("::ffff:10.0.0.0/104"), Parsed("10.0.0.0/8"));
  EXPECT_EQ(Parsed("::ffff:0:0/96"), Parsed("0.0.0.0/0"));
  EXPECT_EQ(Parsed("::ffff:1.2.3.4"), Parsed("1.2.3.4/32"));
}

TEST(Network, TheWholeOfIpv6HoldsNoIpv4) {
  EXPECT_TRUE(Parsed("::/0").Contains(At("[2001:db8::1]:1")));
  EXPECT_FALSE(Parsed("::/0").Contains(At("1.2.3.4:1")));
  EXPECT_FALSE(Parsed("::/0").Contains(At("[::ffff:1.2.3.4]:1")));
  EXPECT_FALSE(Parsed("0.0.0.0/0").Contains(At("[::1]:1")));
}

TEST(Network, RefusesWhatIsNoNetwork) {
  for (const char* text : {"",
                           "/",
                           "/8",
                           "10.0.0.0/",
                           "10.0.0.0/33",
                           "10.0.0.0/-1",
                           "10.0.0.0/+8",
                           "10.0.0.0/08",
                           "10.0.0.0/8 ",
                           " 10.0.0.0/8",
                           "10.0.0/8",
                           "10.0.0.0/8/8",
                           "10.0.0.0/255.0.0.0",
                           "10.0.0.0/99999999999",
                           "::/129",
                           "::1%1/128",
                           "[::1]/128",
                           "1.2.3.4:80",
                           "unix/8",
                           "unix:/run/s",
                           "UNIX",
                           "localhost"}) {
    EXPECT_EQ(ErrorOf(text), absl::StrCat("not a network such as 10.0.0.0/8, ::1/128 or unix: \"", text, "\""));
  }
  EXPECT_NE(ErrorOf(std::string_view("10.0.0.0\0/8", 11)), "ok");
}

TEST(Network, RefusesBitsBehindThePrefixAndSaysWhatIsMeant) {
  EXPECT_EQ(ErrorOf("10.0.0.1/8"), "bits are set behind the prefix: \"10.0.0.1/8\"; the network is 10.0.0.0/8");
  EXPECT_EQ(ErrorOf("1.2.3.4/0"), "bits are set behind the prefix: \"1.2.3.4/0\"; the network is 0.0.0.0/0");
  EXPECT_EQ(ErrorOf("::1/64"), "bits are set behind the prefix: \"::1/64\"; the network is ::/64");
}

TEST(NetworkSet, HoldsNothingAtFirst) {
  EXPECT_TRUE(NetworkSet().empty());
  EXPECT_FALSE(NetworkSet().Contains(At("1.2.3.4:1")));
  EXPECT_FALSE(NetworkSet().Contains(At("[::1]:1")));
  EXPECT_FALSE(NetworkSet().Contains(UnixClient()));
}

TEST(NetworkSet, HoldsWhatOneOfItsNetworksHolds) {
  const NetworkSet set({Parsed("10.0.0.0/8"), Parsed("10.1.0.0/16"), Parsed("10.0.0.0/24"), Parsed("192.168.0.0/16"),
                        Parsed("2001:db8::/32"), Parsed("unix")});
  EXPECT_FALSE(set.empty());
  for (const char* inside :
       {"10.0.0.0:1", "10.1.0.0:1", "10.255.255.255:1", "192.168.7.7:1", "[2001:db8::1]:1", "[::ffff:10.0.0.1]:1"}) {
    EXPECT_TRUE(set.Contains(At(inside))) << inside;
  }
  for (const char* outside : {"9.255.255.255:1", "11.0.0.0:1", "192.167.255.255:1", "255.255.255.255:1", "0.0.0.0:1",
                              "[2001:db9::]:1", "[::1]:1"}) {
    EXPECT_FALSE(set.Contains(At(outside))) << outside;
  }
  EXPECT_TRUE(set.Contains(UnixClient()));
}

TEST(NetworkSet, AgreesWithItsNetworksOneByOne) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<Network> networks;
    for (int i = 0; i < 10; ++i) {
      const uint32_t length = random() % 9;  // of 8 bits in the middle, so that there is much to overlap
      const uint32_t part = random() % 256 & (0xff00u >> length);
      networks.push_back(Parsed(random() % 2 == 0 ? absl::StrCat("10.0.", part, ".0/", 16 + length)
                                                  : absl::StrCat("2001:db8:0:", absl::Hex(part), "::/", 56 + length)));
    }
    const NetworkSet set(networks);
    for (int part = 0; part < 256; ++part) {
      for (const Address& address :
           {At(absl::StrCat("10.0.", part, ".255:1")), At(absl::StrCat("[2001:db8:0:", absl::Hex(part), "::1]:1"))}) {
        bool expected = false;
        for (const Network& network : networks) expected |= network.Contains(address);
        ASSERT_EQ(set.Contains(address), expected) << address.ToString();
      }
    }
  }
}

}  // namespace
}  // namespace fairlead::net
