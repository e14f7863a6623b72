#include "dataplane/control/tcp_settings_compiler.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/control/compilation.h"
#include "dataplane/control/domain_name.h"
#include "dataplane/control/value_checks.h"
#include "dataplane/routing/sni_router.h"

namespace fairlead::control {
namespace {

constexpr int kMaxSniRoutes = 1'000;

config::BackendSlot CheckBackend(const std::string& id, const Path& place, const PlannedSlots& backends,
                                 Violations& violations) {
  if (const std::optional<config::BackendSlot> slot = backends.Find(id)) return *slot;
  if (id.empty()) {
    violations.Invalid(place, "missing; want the id of a backend");
  } else {
    violations.Add(v1::Violation::NOT_FOUND, place, NotThere("backend", id));
  }
  return 0;
}

std::shared_ptr<const routing::SniRouter> CompileSniRoutes(const v1::TcpListener& message, const Path& place,
                                                           const PlannedSlots& backends, Violations& violations) {
  if (message.sni_routes_size() > kMaxSniRoutes) {
    violations.Invalid(Path(place, "sni_routes"),
                       base::StrCat("more than ", kMaxSniRoutes, ": ", message.sni_routes_size()));
    return nullptr;
  }
  std::vector<routing::SniRoute> routes;
  absl::flat_hash_set<std::string> names;
  for (int i = 0; i < message.sni_routes_size(); ++i) {
    const v1::SniRoute& route = message.sni_routes(i);
    const Path route_place(place, "sni_routes", i);
    routing::SniRoute& compiled = routes.emplace_back();
    if (route.server_names().empty()) {
      violations.Invalid(Path(route_place, "server_names"), "none; want at least one");
    }
    for (int j = 0; j < route.server_names_size(); ++j) {
      compiled.server_names.push_back(CheckDomainPattern(route.server_names(j), "listener", names,
                                                         Path(route_place, "server_names", j), violations));
    }
    compiled.backend_id = route.backend();
    compiled.backend = CheckBackend(route.backend(), Path(route_place, "backend"), backends, violations);
  }
  return std::make_shared<const routing::SniRouter>(std::move(routes));
}

}  // namespace

config::TcpSettings CompileTcp(const v1::TcpListener& message, const Path& place, const PlannedSlots& backends,
                               Violations& violations) {
  config::TcpSettings settings;
  if (message.sni_routes_size() > 0) settings.sni_router = CompileSniRoutes(message, place, backends, violations);
  if (!message.backend().empty() || message.sni_routes_size() == 0) {
    settings.backend_id = message.backend();
    settings.backend = CheckBackend(message.backend(), Path(place, "backend"), backends, violations);
  }
  if (message.has_idle_timeout()) {
    settings.idle_timeout = CheckDuration(message.idle_timeout(), Path(place, "idle_timeout"), violations);
  }
  return settings;
}

}  // namespace fairlead::control
