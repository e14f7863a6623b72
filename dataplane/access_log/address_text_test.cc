#include "dataplane/access_log/address_text.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>

namespace fairlead::access_log {
namespace {

std::string Written(const net::Address& address) {
  char text[kMaxAddressText];
  return std::string(text, AppendAddress(address, Escaping::kJson, text));
}

TEST(AddressText, IsWhatTheAddressItselfSays) {
  for (const char* text :
       {"0.0.0.0:0", "127.0.0.1:80", "9.10.99.100:9", "255.255.255.255:65535", "[::]:0", "[::1]:443",
        "[2001:db8::a:0:1]:8080", "[fe80::1%4294967295]:1", "[2001:0:0:1::1]:1", "[1:2:3:4:5:6:7:8]:1",
        "[1:0:3:0:5:0:7:0]:1", "[1::]:1", "[::ffff:192.0.2.1]:1", "[::192.0.2.1]:1", "[abcd:ef01::]:1", "[0:0:1::]:1",
        "[1:0:0:2:0:0:0:3]:1", "unix:/run/app.sock"}) {
    const net::Address address = *net::Address::Parse(text);
    EXPECT_EQ(Written(address), address.ToString());
  }
}

TEST(AddressText, EscapesAndCutsPaths) {
  EXPECT_EQ(Written(*net::Address::Parse("unix:/a\nb\"")), "unix:/a\\u000ab\\\"");
  const std::string hostile = Written(*net::Address::Parse("unix:/" + std::string(100, '\n')));
  EXPECT_LE(hostile.size(), kMaxAddressText);
  EXPECT_TRUE(hostile.ends_with("\u2026"));
}

TEST(AddressText, OfAClientWithoutAPathIsItsKind) {
  sockaddr peer{};
  peer.sa_family = AF_UNIX;
  EXPECT_EQ(Written(*net::Address::FromSockaddr(&peer, sizeof(sa_family_t))), "unix:");
}

}  // namespace
}  // namespace fairlead::access_log
