#include "dataplane/routing/sni_router.h"

#include <cstdint>
#include <utility>

namespace fairlead::routing {
namespace {

std::vector<DomainIndex::Domain> NamesOf(const std::vector<SniRoute>& routes) {
  std::vector<DomainIndex::Domain> names;
  for (uint32_t index = 0; index < routes.size(); ++index) {
    for (const std::string& name : routes[index].server_names) names.push_back({name, index});
  }
  return names;
}

}  // namespace

SniRouter::SniRouter(std::vector<SniRoute> routes) : routes_(std::move(routes)), names_(NamesOf(routes_)) {}

const SniRoute* SniRouter::Find(std::string_view server_name) const {
  if (server_name.empty()) return nullptr;
  const uint32_t index = names_.Find(server_name);
  return index == DomainIndex::kNone ? nullptr : &routes_[index];
}

}  // namespace fairlead::routing
