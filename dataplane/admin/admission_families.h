#pragma once

#include <span>
#include <string_view>

#include "dataplane/config/backend.h"
#include "dataplane/metrics/prometheus_writer.h"

namespace fairlead::admin {

// One metric of the requests that ask a backend for a server: those that wait, and those that are balanced without a
// look at health.
struct AdmissionFamily {
  std::string_view name;
  std::string_view help;
  metrics::MetricType type;
  // Writes its sample for one backend.
  void (*write)(const config::Backend& backend, metrics::PrometheusWriter* writer);
};

std::span<const AdmissionFamily> AdmissionFamilies();

}  // namespace fairlead::admin
