#include "dataplane/config/server.h"

#include <utility>

namespace fairlead::config {

void Server::SetLimits(uint32_t max_connections, uint32_t max_requests) {
  auto changed = extras == nullptr ? base::MakeCounted<ServerExtras>() : base::MakeCounted<ServerExtras>(*extras);
  changed->max_connections = max_connections;
  changed->max_requests = max_requests;
  extras = std::move(changed);
}

std::string_view ToString(AdminState state) {
  switch (state) {
    case AdminState::kReady:
      return "READY";
    case AdminState::kDrain:
      return "DRAIN";
    case AdminState::kMaint:
      return "MAINT";
  }
  return "?";
}

std::string_view ToString(Health health) {
  switch (health) {
    case Health::kUnknown:
      return "UNKNOWN";
    case Health::kUp:
      return "UP";
    case Health::kDegraded:
      return "DEGRADED";
    case Health::kDown:
      return "DOWN";
  }
  return "?";
}

}  // namespace fairlead::config
