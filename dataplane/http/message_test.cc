#include "dataplane/http/message.h"

#include <gtest/gtest.h>

namespace fairlead::http {
namespace {

TEST(Method, IsFoundByItsExactName) {
  EXPECT_EQ(FindMethod("GET"), Method::kGet);
  EXPECT_EQ(FindMethod("HEAD"), Method::kHead);
  EXPECT_EQ(FindMethod("POST"), Method::kPost);
  EXPECT_EQ(FindMethod("PUT"), Method::kPut);
  EXPECT_EQ(FindMethod("DELETE"), Method::kDelete);
  EXPECT_EQ(FindMethod("CONNECT"), Method::kConnect);
  EXPECT_EQ(FindMethod("OPTIONS"), Method::kOptions);
  EXPECT_EQ(FindMethod("TRACE"), Method::kTrace);
  EXPECT_EQ(FindMethod("PATCH"), Method::kPatch);
  for (std::string_view name : {"", "get", "Get", "GETS", "GE", "XXX", "LINK", "MERGE", "UNLINK", "PROPFIND"}) {
    EXPECT_EQ(FindMethod(name), Method::kOther) << name;
  }
}

TEST(NeverHasBody, FollowsMethodAndStatus) {
  EXPECT_TRUE(NeverHasBody(Method::kHead, 200));
  EXPECT_TRUE(NeverHasBody(Method::kGet, 100));
  EXPECT_TRUE(NeverHasBody(Method::kGet, 199));
  EXPECT_TRUE(NeverHasBody(Method::kGet, 204));
  EXPECT_TRUE(NeverHasBody(Method::kPost, 304));
  EXPECT_TRUE(NeverHasBody(Method::kConnect, 200));
  EXPECT_FALSE(NeverHasBody(Method::kConnect, 407));
  EXPECT_FALSE(NeverHasBody(Method::kGet, 200));
  EXPECT_FALSE(NeverHasBody(Method::kGet, 205));
  EXPECT_FALSE(NeverHasBody(Method::kGet, 404));
}

std::string_view PathOf(std::string_view target) {
  RequestHead head;
  head.SetBase(target.data());
  head.target = {0, static_cast<uint32_t>(target.size())};
  return head.path();
}

TEST(RequestHead, HasAPathWithoutQuery) {
  EXPECT_EQ(PathOf("/"), "/");
  EXPECT_EQ(PathOf("/a/b"), "/a/b");
  EXPECT_EQ(PathOf("/a?b?c"), "/a");
  EXPECT_EQ(PathOf("/?"), "/");
  EXPECT_EQ(PathOf("*"), "*");
}

TEST(RequestHead, HasAPathEvenWhereTheTargetHadNone) {
  EXPECT_EQ(PathOf("?a"), "/");
  EXPECT_EQ(PathOf(""), "*");
}

TEST(RequestHead, HasTheQueryBehindTheFirstQuestionMark) {
  const auto query_of = [](std::string_view target) {
    RequestHead head;
    head.SetBase(target.data());
    head.target = {0, static_cast<uint32_t>(target.size())};
    return head.query();
  };
  EXPECT_EQ(query_of("/a?b?c"), "b?c");
  EXPECT_EQ(query_of("?a"), "a");
  EXPECT_EQ(query_of("/a?"), "");
  EXPECT_EQ(query_of("/a"), "");
  EXPECT_EQ(query_of(""), "");
}

}  // namespace
}  // namespace fairlead::http
