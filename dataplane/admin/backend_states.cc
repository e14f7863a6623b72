#include "dataplane/admin/backend_states.h"

#include <string_view>

namespace fairlead::admin {

namespace {

constexpr std::array<std::string_view, 4> kStates = {"eligible", "unhealthy", "drain", "maint"};

size_t StateOf(const config::BackendSettings& backend, const config::Server& server) {
  switch (server.admin_state) {
    case config::AdminState::kReady:
      return server.IsEligible(backend.unknown_is_eligible) ? 0 : 1;
    case config::AdminState::kDrain:
      return 2;
    case config::AdminState::kMaint:
      return 3;
  }
  return 1;
}

}  // namespace

bool BackendStates::Step(metrics::PrometheusWriter* writer) {
  if (!begun_) {
    begun_ = true;
    writer->BeginFamily("fairlead_backend_servers",
                        "Servers of the backend, by state: eligible; unhealthy: READY, but not of a health that is "
                        "picked; drain; maint.",
                        metrics::MetricType::kGauge);
    return true;
  }
  switch (walk_.Next()) {
    case ServerWalk::Step::kBackendBegin:
      backend_id_ = walk_.backend().settings->id;
      servers_ = {};
      return true;
    case ServerWalk::Step::kServer:
      ++servers_[StateOf(*walk_.backend().settings, walk_.server())];
      return true;
    case ServerWalk::Step::kBackendEnd:
      for (size_t i = 0; i < kStates.size(); ++i) {
        writer->Write({{"backend", backend_id_}, {"state", kStates[i]}}, servers_[i]);
      }
      return true;
    case ServerWalk::Step::kEnd:
      return false;
  }
  return false;
}

}  // namespace fairlead::admin
