#include "dataplane/config/server.h"

namespace fairlead::config {

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
