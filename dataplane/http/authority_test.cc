#include "dataplane/http/authority.h"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::http {
namespace {

TEST(Authority, TakesNamesAddressesAndPorts) {
  for (std::string_view text : {"a", "example.com", "example.com.", "EXAMPLE.com:80", "a_b", "a-b", "127.0.0.1",
                                "127.0.0.1:65535", "a:0", "a:", "[::1]", "[::1]:80", "[2001:db8::1]",
                                "[::ffff:1.2.3.4]:8080", "a%41b", "a!$&'()*+,;=~", "xn--bcher-kva.example"}) {
    EXPECT_TRUE(IsValidAuthority(text)) << text;
  }
}

TEST(Authority, RefusesWhatUrisCannotHold) {
  for (std::string_view text :
       {"",     ":",       ":80",     "a b",      "a@b",       "a/b",        "a?b",    "a#b",   "a\\b",
        "a:b",  "a:80:80", "a:65536", "a:100000", "a%",        "a%4",        "a%4g",   "::1",   "[]",
        "[::1", "[::1]b",  "[::1]:b", "[a]",      "[1.2.3.4]", "[::1%25lo]", "[v1.a]", "a[::1]"}) {
    EXPECT_FALSE(IsValidAuthority(text)) << text;
  }
}

TEST(Authority, RefusesEveryControlAndNonAsciiByte) {
  for (int byte = 0; byte < 256; ++byte) {
    if (byte > 0x20 && byte < 0x7f) continue;
    const std::string bad(1, static_cast<char>(byte));
    EXPECT_FALSE(IsValidAuthority("a" + bad + "b")) << byte;
    EXPECT_FALSE(IsValidAuthority("[::1" + bad + "]")) << byte;
    EXPECT_FALSE(IsValidAuthority("a:8" + bad)) << byte;
  }
}

}  // namespace
}  // namespace fairlead::http
