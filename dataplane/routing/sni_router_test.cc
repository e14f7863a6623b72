#include "dataplane/routing/sni_router.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace fairlead::routing {
namespace {

using Routes = std::vector<SniRoute>;

std::string BackendFor(const SniRouter& router, std::string_view name) {
  const SniRoute* route = router.Find(name);
  return route == nullptr ? "-" : route->backend_id;
}

TEST(SniRouter, TheBestNameWins) {
  const SniRouter router({{.server_names = {"*"}, .backend_id = "any"},
                          {.server_names = {"*.example.org", "*.other.org"}, .backend_id = "wildcard"},
                          {.server_names = {"www.example.org", "a"}, .backend_id = "exact"}});
  EXPECT_EQ(BackendFor(router, "www.example.org"), "exact");
  EXPECT_EQ(BackendFor(router, "a"), "exact");
  EXPECT_EQ(BackendFor(router, "b.example.org"), "wildcard");
  EXPECT_EQ(BackendFor(router, "b.c.other.org"), "wildcard");
  EXPECT_EQ(BackendFor(router, "example.org"), "any");
}

TEST(SniRouter, ANameMayHaveNoRoute) {
  const SniRouter router(Routes{{.server_names = {"*.example.org"}, .backend_id = "wildcard"}});
  EXPECT_EQ(BackendFor(router, "example.org"), "-");
  EXPECT_EQ(BackendFor(router, "org"), "-");
}

TEST(SniRouter, NoNameHasNoRoute) {
  const SniRouter router(Routes{{.server_names = {"*"}, .backend_id = "any"}});
  EXPECT_EQ(BackendFor(router, ""), "-");
}

}  // namespace
}  // namespace fairlead::routing
