#include "dataplane/proxy/route_actions.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::proxy {
namespace {

// A request as a codec gives it.
struct Request {
  explicit Request(std::string_view target, std::string_view authority = "example.org:8080")
      : bytes(std::string(target) + std::string(authority)) {
    head.target = {0, static_cast<uint32_t>(target.size())};
    head.authority = {head.target.size, static_cast<uint32_t>(authority.size())};
    head.SetBase(bytes.data());
  }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  std::string bytes;
  http::RequestHead head;
};

std::string Location(const config::Redirect& redirect, const Request& request) {
  std::string location;
  return WriteLocation(redirect, request.head, request.head.path(), "http", &location) ? location : "none";
}

std::string Location(const config::Redirect& redirect, std::string_view target) {
  return Location(redirect, Request(target));
}

std::string Target(const config::Rewrite& rewrite, std::string_view target) {
  const Request request(target);
  std::string rewritten;
  return WriteTarget(rewrite, request.head, request.head.path(), &rewritten) ? rewritten : "too long";
}

TEST(Location, HasAnotherPath) {
  const config::Redirect redirect{.path = "/new"};
  EXPECT_EQ(Location(redirect, "/old"), "/new");
  EXPECT_EQ(Location(redirect, "/old?a=1"), "/new?a=1");
  EXPECT_EQ(Location(redirect, "/old?"), "/new?");
  EXPECT_EQ(Location(redirect, "?a"), "/new?a");
}

TEST(Location, HasAnotherBeginningOfThePath) {
  const config::Redirect redirect{.path_prefix = "/v2/", .matched_size = 4};  // of "/v1/"
  EXPECT_EQ(Location(redirect, "/v1/a/b?c"), "/v2/a/b?c");
  EXPECT_EQ(Location(redirect, "/v1/"), "/v2/");
}

TEST(Location, LosesItsQueryWhereAsked) {
  EXPECT_EQ(Location({.path = "/new", .strip_query = true}, "/old?a=1"), "/new");
  EXPECT_EQ(Location({.scheme = "https", .strip_query = true}, "/old?a=1"), "https://example.org/old");
}

TEST(Location, HasAnotherSchemeAndThenNoPort) {
  const config::Redirect redirect{.scheme = "https"};
  EXPECT_EQ(Location(redirect, "/a?b"), "https://example.org/a?b");
  EXPECT_EQ(Location(redirect, Request("/", "[::1]:80")), "https://[::1]/");
  EXPECT_EQ(Location(redirect, Request("/", "[::1]")), "https://[::1]/");
  EXPECT_EQ(Location(redirect, Request("/", "")), "none");
}

TEST(Location, HasAnotherHost) {
  EXPECT_EQ(Location({.host = "new.org:81"}, "/a?b"), "http://new.org:81/a?b");
  EXPECT_EQ(Location({.path = "/b", .scheme = "https", .host = "new.org"}, "/a"), "https://new.org/b");
  EXPECT_EQ(Location({.host = "new.org"}, Request("*")), "http://new.org/");
}

// An open redirect: to a client "//evil.org" is another host, and "/\evil.org" is to browsers.
TEST(Location, NeverNamesAHostByItsPath) {
  const config::Redirect stripped{.path_prefix = "/", .matched_size = 4};  // of "/old"
  EXPECT_EQ(Location(stripped, "/old/evil.org"), "/evil.org");
  EXPECT_EQ(Location(stripped, "/old//evil.org"), "/evil.org");
  EXPECT_EQ(Location(stripped, "/old\\evil.org"), "/evil.org");
  EXPECT_EQ(Location(stripped, "/old/\\/evil.org"), "/evil.org");
  EXPECT_EQ(Location(stripped, "/old"), "/");
  // Behind a host of its own a path is a path.
  EXPECT_EQ(Location({.scheme = "https"}, "//evil.org/"), "https://example.org//evil.org/");
}

TEST(Rewrite, ReplacesThePrefix) {
  const config::Rewrite rewrite{.path_prefix = "/", .matched_size = 5};  // of "/api/"
  EXPECT_EQ(Target(rewrite, "/api/users?a=1"), "/users?a=1");
  EXPECT_EQ(Target(rewrite, "/api/"), "/");
}

TEST(Rewrite, ReplacesWhatAPatternMatches) {
  const config::Rewrite rewrite{.pattern = *base::Regex::Compile("^/users/([0-9]+)"), .substitution = "/u\\1"};
  EXPECT_EQ(Target(rewrite, "/users/12/a?/users/3"), "/u12/a?/users/3");
  EXPECT_EQ(Target(rewrite, "/user/12"), "");
}

TEST(Rewrite, KeepsASlashAtTheBeginning) {
  const config::Rewrite rewrite{.pattern = *base::Regex::Compile("^/api"), .substitution = ""};
  EXPECT_EQ(Target(rewrite, "/api/a"), "/a");
  EXPECT_EQ(Target(rewrite, "/api"), "/");
  EXPECT_EQ(Target(rewrite, "/apis?x"), "/s?x");
}

TEST(Rewrite, LeavesWhatIsNoPath) {
  EXPECT_EQ(Target({.pattern = *base::Regex::Compile(".*"), .substitution = "/a"}, "*"), "");
  EXPECT_EQ(Target({.host = "a.org"}, "/a"), "");
}

TEST(Rewrite, HasALimit) {
  const config::Rewrite rewrite{.pattern = *base::Regex::Compile(".*"), .substitution = "\\0\\0\\0"};
  EXPECT_EQ(Target(rewrite, "/" + std::string(20'000, 'a')).size(), 60'003u);
  EXPECT_EQ(Target(rewrite, "/" + std::string(22'000, 'a')), "too long");
}

TEST(HeaderChanges, HoldInTheirOrder) {
  const config::HeaderChanges changes{.remove = {"A", "B"}, .set = {{"B", "1"}, {"C", "2"}}, .add = {{"C", "3"}}};
  http::FieldEdits edits;
  AppendChanges(changes, &edits);
  for (const char* dropped : {"a", "b", "c"}) EXPECT_TRUE(edits.Drops(dropped));
  EXPECT_FALSE(edits.Drops("d"));
  std::vector<std::pair<std::string, std::string>> written;
  edits.ForEachWritten([&](std::string_view name, std::string_view value) {
    written.push_back({std::string(name), std::string(value)});
  });
  const std::vector<std::pair<std::string, std::string>> expected = {{"B", "1"}, {"C", "2"}, {"C", "3"}};
  EXPECT_EQ(written, expected);
}

}  // namespace
}  // namespace fairlead::proxy
