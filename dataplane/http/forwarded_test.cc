#include "dataplane/http/forwarded.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace fairlead::http {
namespace {

// Without its port, which is 0.
std::string Node(std::string_view text) {
  const std::optional<net::Address> address = ParseNode(text);
  return address.has_value() ? address->ToString() : "none";
}

TEST(ParseNode, TakesAddressesWithAndWithoutPorts) {
  EXPECT_EQ(Node("192.0.2.1"), "192.0.2.1:0");
  EXPECT_EQ(Node("192.0.2.1:4711"), "192.0.2.1:0");
  EXPECT_EQ(Node("192.0.2.1:_hidden"), "192.0.2.1:0");
  EXPECT_EQ(Node("2001:DB8::1"), "[2001:db8::1]:0");
  EXPECT_EQ(Node("::1"), "[::1]:0");
  EXPECT_EQ(Node("[2001:db8::1]"), "[2001:db8::1]:0");
  EXPECT_EQ(Node("[2001:db8::1]:4711"), "[2001:db8::1]:0");
}

TEST(ParseNode, TakesNothingElse) {
  for (std::string_view text :
       {"", "unknown", "_hidden", "192.0.2", "192.0.2.256", "192.0.2.1:", "192.0.2.1:x", "192.0.2.1:123456",
        "192.0.2.1 ", "[192.0.2.1]", "[::1", "[::1]x", "[::1]:", "::1::2", "fe80::1%eth0", "example.org",
        "192.0.2.1, 192.0.2.2", "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111"}) {
    EXPECT_EQ(Node(text), "none") << text;
  }
  EXPECT_EQ(Node(std::string_view("192.0.2.1\0", 10)), "none");
}

TEST(IsForwardingField, KnowsThemInAnyCaseAndWithUnderscores) {
  for (std::string_view name : {"Forwarded", "X-Forwarded-For", "x-forwarded-port", "X_FORWARDED_FOR",
                                "X-Forwarded_Host", "x-real-ip", "X_Real_IP", "X-Request-ID", "X-Forwarded-"}) {
    EXPECT_TRUE(IsForwardingField(name)) << name;
  }
  for (std::string_view name : {"Forward", "Forwarded-For", "X-Forwarded", "X-Real-IPs", "X-Requested-With", "Via",
                                "X-A", "Y-Forwarded-For", "X-Request-Ids"}) {
    EXPECT_FALSE(IsForwardingField(name)) << name;
  }
}

// The client that these fields name, where 10.0.0.0/8 (as text) is trusted.
std::string Client(const std::vector<std::pair<std::string, std::string>>& lines) {
  std::string bytes;
  FieldList fields;
  for (const auto& [name, value] : lines) {
    const auto name_offset = static_cast<uint32_t>(bytes.size());
    bytes += name;
    const auto value_offset = static_cast<uint32_t>(bytes.size());
    bytes += value;
    fields.Add({.name_offset = name_offset,
                .value_offset = value_offset,
                .value_size = static_cast<uint32_t>(value.size()),
                .name_size = static_cast<uint16_t>(name.size()),
                .known = KnownField::kOther});
  }
  fields.set_base(bytes.data());
  const auto client =
      FindClient(fields, [](const net::Address& address) { return address.ToString().starts_with("10."); });
  return client.has_value() ? client->ToString() : "none";
}

TEST(FindClient, IsTheLastAddressThatIsNotTrusted) {
  EXPECT_EQ(Client({{"X-Forwarded-For", "192.0.2.1"}}), "192.0.2.1:0");
  EXPECT_EQ(Client({{"X-Forwarded-For", "6.6.6.6, 192.0.2.1"}}), "192.0.2.1:0");
  EXPECT_EQ(Client({{"X-Forwarded-For", "6.6.6.6,192.0.2.1 ,10.0.0.2,10.0.0.1"}}), "192.0.2.1:0");
  EXPECT_EQ(Client({{"x-forwarded-for", "6.6.6.6"}, {"X-FORWARDED-FOR", "192.0.2.1"}, {"A", "b"}}), "192.0.2.1:0");
  EXPECT_EQ(Client({{"X-Forwarded-For", "2001:db8::1, 10.0.0.1"}}), "[2001:db8::1]:0");
  EXPECT_EQ(Client({{"X-Forwarded-For", " ,, 192.0.2.1 ,"}}), "192.0.2.1:0");
}

TEST(FindClient, IsTheFirstWhereAllAreTrusted) {
  EXPECT_EQ(Client({{"X-Forwarded-For", "10.0.0.3, 10.0.0.2"}}), "10.0.0.3:0");
}

TEST(FindClient, LooksNoFurtherThanSomethingThatIsNoAddress) {
  EXPECT_EQ(Client({{"X-Forwarded-For", "192.0.2.1, unknown, 10.0.0.2, 10.0.0.1"}}), "10.0.0.2:0");
  EXPECT_EQ(Client({{"X-Forwarded-For", "192.0.2.1, <script>"}}), "none");
}

TEST(FindClient, ReadsForwardedOnlyWithoutXForwardedFor) {
  EXPECT_EQ(Client({{"Forwarded", "for=192.0.2.1"}}), "192.0.2.1:0");
  EXPECT_EQ(Client({{"Forwarded", "for=192.0.2.1"}, {"X-Forwarded-For", "192.0.2.2"}}), "192.0.2.2:0");
  EXPECT_EQ(Client({{"Forwarded", "for=192.0.2.1"}, {"X-Forwarded-For", ""}}), "none");
  EXPECT_EQ(Client({{"Forwarded", "For=\"[2001:db8::1]:4711\";proto=http , for=10.0.0.1;by=x"}}), "[2001:db8::1]:0");
  EXPECT_EQ(Client({{"Forwarded", "proto=http;host=\"a,for=6.6.6.6\";for=192.0.2.1"}}), "192.0.2.1:0");
  EXPECT_EQ(Client({{"Forwarded", "for=192.0.2.1"}, {"Forwarded", "for=_hidden, for=10.0.0.1"}}), "10.0.0.1:0");
  EXPECT_EQ(Client({{"Forwarded", "for=192.0.2.1;for=192.0.2.2"}}), "none");
  EXPECT_EQ(Client({{"Forwarded", "for=192.0.2.1, proto=http"}}), "none");
  EXPECT_EQ(Client({{"Forwarded", "for=\"192.0.2.1"}}), "none");
  EXPECT_EQ(Client({{"Forwarded", "\"\\"}}), "none");
}

TEST(FindClient, IsNobodyWithoutFields) { EXPECT_EQ(Client({{"Via", "1.1 a"}}), "none"); }

}  // namespace
}  // namespace fairlead::http
