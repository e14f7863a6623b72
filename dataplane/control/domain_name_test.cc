#include "dataplane/control/domain_name.h"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::control {
namespace {

TEST(DomainPattern, NamesAddressesAndWildcards) {
  for (const char* good : {"*", "example.org", "localhost", "a-b.c_d.e", "10.0.0.1", "[::1]", "[2001:db8::1]",
                           "*.example.org", "*.org", "1.2"}) {
    EXPECT_TRUE(IsDomainPattern(good)) << good;
  }
}

TEST(DomainPattern, NothingElse) {
  for (const char* bad :
       {"",   ".",    "*.",        "**",   "*a", "a.*", "*.*", "*.*.org", "example.org:80", "[::1]:80", "::1",
        "[]", "[::1", "[example]", "a..b", ".a", "a.",  "a b", "a/b",     "bücher.example"}) {
    EXPECT_FALSE(IsDomainPattern(bad)) << bad;
  }
}

TEST(DomainPattern, LabelsAndNamesHaveTheirLimits) {
  EXPECT_TRUE(IsDomainPattern(std::string(63, 'a')));
  EXPECT_FALSE(IsDomainPattern(std::string(64, 'a')));
  std::string name;
  for (int i = 0; i < 126; ++i) name += "a.";
  EXPECT_TRUE(IsDomainPattern(name + "a"));    // 253 bytes
  EXPECT_FALSE(IsDomainPattern(name + "aa"));  // 254
}

}  // namespace
}  // namespace fairlead::control
