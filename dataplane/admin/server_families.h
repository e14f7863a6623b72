#pragma once

#include <span>
#include <string_view>

#include "dataplane/config/backend.h"
#include "dataplane/metrics/prometheus_writer.h"

namespace fairlead::admin {

// A metric that each server has.
struct ServerFamily {
  std::string_view name;
  std::string_view help;
  metrics::MetricType type;
  // Writes the samples of one server; the family has been begun.
  void (*write)(const config::BackendSettings& backend, const config::Server& server,
                metrics::PrometheusWriter* writer);
};

// All of them, in the order in which they are shown.
std::span<const ServerFamily> ServerFamilies();

}  // namespace fairlead::admin
