#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "dataplane/admin/metrics_section.h"
#include "dataplane/admin/server_walk.h"

namespace fairlead::admin {

// fairlead_backend_servers: how many servers of each backend are in each state. Each server is in exactly one.
class BackendStates final : public MetricsSection {
 public:
  // The snapshot outlives the section.
  explicit BackendStates(const config::Snapshot* snapshot) : walk_(snapshot) {}

  bool Step(metrics::PrometheusWriter* writer) override;

 private:
  ServerWalk walk_;
  bool begun_ = false;
  std::string_view backend_id_;           // of the backend that the walk is in
  std::array<uint64_t, 4> servers_ = {};  // and its servers, by state
};

}  // namespace fairlead::admin
