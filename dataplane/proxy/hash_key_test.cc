#include "dataplane/proxy/hash_key.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/http/h1/request_parser.h"
#include "dataplane/load_balancing/stable_hash.h"

namespace fairlead::proxy {
namespace {

using load_balancing::HashOf;
using Keys = std::vector<config::HashKey>;
using Part = config::HashKey::Part;

constexpr http::HeadLimits kLimits;

// Of a GET for `target` with these lines, from `source`.
std::optional<uint64_t> Hash(const Keys& keys, const std::string& lines, const std::string& target = "/",
                             std::string_view source = "192.0.2.1:5000") {
  const std::string bytes = "GET " + target + " HTTP/1.1\r\nHost: a.test\r\n" + lines + "\r\n";
  http::RequestHead request;
  http::h1::RequestParser parser(&kLimits);
  EXPECT_EQ(parser.Parse(bytes, &request).outcome, http::h1::ParseResult::Outcome::kDone);
  return HashOfRequest(keys, request, *net::Address::Parse(source));
}

std::optional<uint64_t> HashOfField(const std::string& lines) { return Hash({{Part::kHeader, "x-user"}}, lines); }
std::optional<uint64_t> HashOfCookie(const std::string& lines) { return Hash({{Part::kCookie, "sid"}}, lines); }
std::optional<uint64_t> HashOfParameter(const std::string& target) { return Hash({{Part::kQuery, "id"}}, "", target); }
std::optional<uint64_t> HashOfSource(std::string_view source) {
  const std::optional<uint64_t> hash = Hash({{Part::kSourceAddress}}, "", "/", source);
  const Keys keys{{Part::kPath}, {Part::kSourceAddress}};
  EXPECT_EQ(proxy::HashOfSource(keys, *net::Address::Parse(source)), hash);
  return hash;
}

TEST(HashKey, OfAFieldWhateverTheCaseOfItsName) {
  EXPECT_EQ(HashOfField("X-User: ann\r\n"), HashOf("ann"));
  EXPECT_EQ(HashOfField("A: b\r\nx-uSER: ann\r\n"), HashOf("ann"));
  EXPECT_NE(HashOfField("X-User: Ann\r\n"), HashOf("ann"));
  EXPECT_EQ(HashOfField("X-Users: ann\r\n"), std::nullopt);
}

TEST(HashKey, OfAllLinesOfAField) {
  const auto both = HashOfField("X-User: a\r\nX-User: b\r\n");
  EXPECT_EQ(both, HashOf("b", HashOf("a")));
  EXPECT_NE(both, HashOfField("X-User: b\r\nX-User: a\r\n"));
  EXPECT_EQ(both, HashOfField("X-User: a\r\nX-User:\r\nX-User: b\r\n"));
}

TEST(HashKey, OfTheHostAsHttp2HasItToo) { EXPECT_EQ(Hash({{Part::kHeader, "host"}}, ""), HashOf("a.test")); }

TEST(HashKey, WhatIsEmptyIsNotThere) {
  EXPECT_EQ(HashOfField("X-User:\r\n"), std::nullopt);
  EXPECT_EQ(HashOfCookie("Cookie: sid=\r\n"), std::nullopt);
  EXPECT_EQ(HashOfParameter("/?id="), std::nullopt);
  EXPECT_EQ(HashOfParameter("/?id"), std::nullopt);
  EXPECT_EQ(Hash({}, ""), std::nullopt);
}

TEST(HashKey, OfACookieByItsExactName) {
  EXPECT_EQ(HashOfCookie("Cookie: sid=1\r\n"), HashOf("1"));
  EXPECT_EQ(HashOfCookie("Cookie: a=b; sid=1; c=d\r\n"), HashOf("1"));
  EXPECT_EQ(HashOfCookie("Cookie: a=sid=2;sid=1\r\n"), HashOf("1"));
  EXPECT_EQ(HashOfCookie("Cookie: xsid=2; sid2=3; SID=4; sid; sid=1\r\n"), HashOf("1"));
  EXPECT_EQ(HashOfCookie("Cookie: sid=\"1\"\r\n"), HashOf("\"1\"")) << "quotes are part of it";
  EXPECT_EQ(HashOfCookie("Cookie: a=b\r\nCookie: sid=1\r\n"), HashOf("1"));
  EXPECT_EQ(HashOfCookie("Cookie: sid=1; sid=2\r\n"), HashOf("1"));
  EXPECT_EQ(HashOfCookie("Cookie: =; ;;sid\r\n"), std::nullopt);
  EXPECT_EQ(HashOfCookie("Set-Cookie: sid=1\r\n"), std::nullopt);
}

TEST(HashKey, OfAParameterHoweverItIsEscaped) {
  EXPECT_EQ(HashOfParameter("/?id=a+b"), HashOf("a b"));
  EXPECT_EQ(HashOfParameter("/?x=1&id=a%20b&id=c"), HashOf("a b"));
  EXPECT_EQ(HashOfParameter("/?%69d=7"), HashOf("7"));
  EXPECT_EQ(HashOfParameter("/id=7?x=id"), std::nullopt);
}

TEST(HashKey, OfThePathWithoutTheQuery) {
  EXPECT_EQ(Hash({{Part::kPath}}, "", "/a/b?c=d"), HashOf("/a/b"));
  EXPECT_EQ(Hash({{Part::kPath}}, "", "/"), HashOf("/"));
}

TEST(HashKey, OfTheSourceWithoutItsPort) {
  const auto hash = HashOfSource("192.0.2.1:5000");
  EXPECT_TRUE(hash.has_value());
  EXPECT_EQ(HashOfSource("192.0.2.1:6000"), hash);
  EXPECT_EQ(HashOfSource("[::ffff:192.0.2.1]:6000"), hash) << "IPv4 within IPv6";
  EXPECT_NE(HashOfSource("192.0.2.2:5000"), hash);
  EXPECT_EQ(HashOfSource("[2001:db8::1]:1"), HashOfSource("[2001:db8::1]:2"));
  EXPECT_NE(HashOfSource("[2001:db8::1]:1"), HashOfSource("[2001:db8:1::1]:1"));
  EXPECT_EQ(HashOfSource("unix:/tmp/client"), std::nullopt);
}

TEST(HashKey, OfTheFirstThatIsThere) {
  const Keys keys{{Part::kHeader, "x-user"}, {Part::kCookie, "sid"}, {Part::kSourceAddress}};
  EXPECT_EQ(Hash(keys, "Cookie: sid=1\r\nX-User: ann\r\n"), HashOf("ann"));
  EXPECT_EQ(Hash(keys, "Cookie: sid=1\r\n"), HashOf("1"));
  EXPECT_EQ(Hash(keys, ""), HashOfSource("192.0.2.1:1"));
}

}  // namespace
}  // namespace fairlead::proxy
