#pragma once

#include <string_view>

#include "dataplane/metrics/prometheus_writer.h"

namespace fairlead::admin {

// A metric that each Item (a listener, a rule, a backend, a server) has.
template <typename Item>
struct MetricFamily {
  std::string_view name;  // behind "fairlead_", the kind of item and '_'
  std::string_view help;
  metrics::MetricType type;
  // Writes the samples of one item; the family has been begun.
  void (*write)(const Item& item, metrics::PrometheusWriter* writer);
};

}  // namespace fairlead::admin
