#include "dataplane/http/path_normalizer.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace fairlead::http {
namespace {

using EscapedSlashes = PathNormalization::EscapedSlashes;
using Outcome = NormalizedPath::Outcome;

constexpr PathNormalization kMerge = {.merge_slashes = true};
constexpr PathNormalization kDots = {.resolve_dot_segments = true};
constexpr PathNormalization kUnreserved = {.decode_unreserved = true};
constexpr PathNormalization kReject = {.escaped_slashes = EscapedSlashes::kReject};
constexpr PathNormalization kDecode = {.escaped_slashes = EscapedSlashes::kDecode};
constexpr PathNormalization kAll = {.escaped_slashes = EscapedSlashes::kKeep,
                                    .decode_unreserved = true,
                                    .merge_slashes = true,
                                    .resolve_dot_segments = true};
constexpr PathNormalization kAllDecoding = {.escaped_slashes = EscapedSlashes::kDecode,
                                            .decode_unreserved = true,
                                            .merge_slashes = true,
                                            .resolve_dot_segments = true};

constexpr std::string_view kRefused = "refused";

struct Case {
  PathNormalization rules;
  std::string_view target;
  std::string_view expected;  // or kRefused
};

std::string Normalized(std::string_view target, const PathNormalization& rules) {
  std::string out = "left over";
  const NormalizedPath result = NormalizePath(target, rules, &out);
  switch (result.outcome) {
    case Outcome::kSame:
      return std::string(target);
    case Outcome::kChanged:
      EXPECT_NE(out, target);
      EXPECT_LE(out.size(), target.size());
      return out;
    case Outcome::kRefused:
      EXPECT_NE(result.reason, nullptr);
      return std::string(kRefused);
  }
  return {};
}

void Check(const Case& c) {
  const std::string once = Normalized(c.target, c.rules);
  EXPECT_EQ(once, c.expected) << c.target;
  if (once == kRefused) return;
  EXPECT_EQ(Normalized(once, c.rules), once) << c.target << " a second time";
}

TEST(PathNormalizer, ChangesNothingWithoutRules) {
  for (std::string_view target : {"/", "//a/../%2e/%2F%5c/%zz", "/%", "/a?b=/../%41"}) Check({{}, target, target});
}

TEST(PathNormalizer, LeavesQueriesAlone) {
  Check({kAllDecoding, "/a/../b?c=/../%41//%2F%", "/b?c=/../%41//%2F%"});
  Check({kAllDecoding, "/?/..", "/?/.."});
  Check({kAllDecoding, "/a?", "/a?"});
}

TEST(PathNormalizer, MergesSlashes) {
  Check({kMerge, "//", "/"});
  Check({kMerge, "//a///b//", "/a/b/"});
  Check({kMerge, "/a/b", "/a/b"});
  Check({kMerge, "/a/%2F/b", "/a/%2F/b"});
  Check({kMerge, "/a/./b", "/a/./b"});
}

// RFC 3986 §5.2.4 and §5.4, as far as they stay below the root.
TEST(PathNormalizer, ResolvesDotSegments) {
  Check({kDots, "/a/b/c/./../../g", "/a/g"});
  Check({kDots, "/.", "/"});
  Check({kDots, "/./", "/"});
  Check({kDots, "/a/.", "/a/"});
  Check({kDots, "/a/..", "/"});
  Check({kDots, "/a/../", "/"});
  Check({kDots, "/a/b/..", "/a/"});
  Check({kDots, "/b/c/./g", "/b/c/g"});
  Check({kDots, "/b/c/g/.", "/b/c/g/"});
  Check({kDots, "/b/c/g;x=1/../y", "/b/c/y"});
  Check({kDots, "/b/c/..g/g../.g/g./...", "/b/c/..g/g../.g/g./..."});
  Check({kDots, "/a//../b", "/a/b"});
  Check({kDots, "/a/..//b", "//b"});
  Check({kDots, "/a/%2E%2e/b/%2e/c", "/b/c"});  // escaped dots are dots (§6.2.2.2)
  Check({kDots, "/a/.%2e", "/"});
}

TEST(PathNormalizer, RefusesPathsThatLeaveTheRoot) {
  for (std::string_view target : {"/..", "/../", "/../a", "/a/../..", "/a/../../b", "/./..", "/%2e%2e/", "/.%2E/a"}) {
    Check({kDots, target, kRefused});
    Check({kAllDecoding, target, kRefused});
  }
  Check({kAll, "//..", kRefused});  // merged first
  Check({kDots, "//..", "/"});      // there is an empty segment to leave
}

TEST(PathNormalizer, RefusesDisguisedDotSegments) {
  for (std::string_view target : {"/a/..;/b", "/a/..;x=1/b", "/a/.;/b", "/a/..;", "/a/%2e%2e;/b", "/a/..\\b",
                                  "/a\\..\\b", "/a\\..", "/\\..", "/a/..%2fb", "/a/..%2F", "/a%2f..%2fb", "/a%5c..%5cb",
                                  "/a/..%5Cb", "/a%2F%2e%2E", "/..%2f..%2fetc", "/a\\.\\b", "/a%5c..;x", "/.;/a"}) {
    Check({kDots, target, kRefused});
  }
  for (std::string_view target :
       {"/a\\b", "/a;b", "/a%2fb", "/a%5Cb", "/..a;b", "/a..\\b..", "/;..", "/...;a", "/a;..b"}) {
    Check({kDots, target, target});
  }
}

TEST(PathNormalizer, DecodesWhatNeedsNoEscape) {
  Check({kUnreserved, "/%41%7e%2d%5F%39", "/A~-_9"});
  Check({kUnreserved, "/%2e%2e/a", "/../a"});
  Check({kUnreserved, "/%c3%a9%3b%20", "/%C3%A9%3B%20"});
  Check({kUnreserved, "/%2f%5c", "/%2F%5C"});
  Check({kUnreserved, "/%2541", "/%2541"});
  Check({kUnreserved, "/%25%34%31", "/%2541"});
  for (std::string_view target :
       {"/%", "/%4", "/%4g", "/%zz", "/%%41", "/a%", "/%u0041", "/%2%46", "/%00", "/a%00.txt"}) {
    Check({kUnreserved, target, kRefused});
  }
}

TEST(PathNormalizer, KeepsRejectsOrDecodesEscapedSlashes) {
  Check({kReject, "/a%2fb", kRefused});
  Check({kReject, "/a%5Cb", kRefused});
  Check({kReject, "/a%252fb", "/a%252fb"});
  Check({kReject, "/a%41%zz", "/a%41%zz"});
  Check({kDecode, "/a%2Fb%5cc", "/a/b\\c"});
  Check({kDecode, "/a%2f%2fb", "/a//b"});
  Check({kDecode, "/%252f", "/%252f"});
  Check({kDecode, "/%%32f", "/%%32f"});
  Check({kAllDecoding, "/a%2f%2fb", "/a/b"});
  Check({kAllDecoding, "/a%2f..%2fb", "/b"});
  Check({kAllDecoding, "/a/%2e%2e%2fb", "/b"});
  Check({kAllDecoding, "/a%5c..%5cb", kRefused});
  Check({kAllDecoding, "/%2f..%2f..", kRefused});
}

// What has been tried against proxies in front of servers that decode once more, or otherwise.
TEST(PathNormalizer, StandsUpToKnownAttacks) {
  for (std::string_view target :
       {"/static/../../etc/passwd", "/static/%2e%2e/%2e%2e/etc", "/static/..%2f..%2fetc", "/static/..;/admin",
        "/static/..%5c..%5cwindows", "/static/..\\..\\windows", "/static/.%2e/.%2e/etc", "/..%00/etc", "/%00/../a",
        "/a%00/../../b", "/static/%2e%2e;/admin", "/static/%2e%2e%5cadmin", "/%2e%2e%2f%2e%2e%2f"}) {
    Check({kAll, target, kRefused});
  }
  // Decoded once, and once only; overlong forms are no dots and no slashes.
  Check({kAll, "/%252e%252e/%252fadmin", "/%252e%252e/%252fadmin"});
  Check({kAll, "/a/%c0%ae%c0%ae/b", "/a/%C0%AE%C0%AE/b"});
  Check({kAll, "/a%c0%af..", "/a%C0%AF.."});
  Check({kAll, "/static/%2e%2e/admin", "/admin"});
  Check({kAll, "/static//..//admin", "/admin"});
  Check({kAll, "//admin", "/admin"});
  Check({kAll, "/%61dmin", "/admin"});
}

TEST(PathNormalizer, AllocatesNothingForNormalPaths) {
  std::string out;
  out.shrink_to_fit();
  const size_t room = out.capacity();
  const std::string target = "/" + std::string(1000, 'a') + "/b.c?" + std::string(1000, '%');
  EXPECT_EQ(NormalizePath(target, kAllDecoding, &out).outcome, Outcome::kSame);
  EXPECT_EQ(out.capacity(), room);
}

}  // namespace
}  // namespace fairlead::http
