#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/admin/metrics_section.h"
#include "dataplane/admin/page.h"
#include "dataplane/admin/process_usage.h"
#include "dataplane/admin/status.h"
#include "dataplane/metrics/prometheus_writer.h"

namespace fairlead::admin {

// /metrics: counters, gauges and histograms of the process, its workers, listeners, rules, backends and servers, in
// Prometheus' text format. Names and labels are what dashboards and alerts are written by: they do not change.
// docs/METRICS.md lists them all.
class MetricsPage final : public Page {
 public:
  MetricsPage(Status status, const ProcessUsage& usage);

  std::string_view NextPiece() override;

 private:
  const Status status_;
  const ProcessUsage usage_;
  // What grows with the configuration, one after another, behind what does not.
  std::vector<std::unique_ptr<MetricsSection>> sections_;
  bool begun_ = false;
  size_t next_ = 0;  // of sections_
  std::string piece_;
  metrics::PrometheusWriter writer_{&piece_};
};

}  // namespace fairlead::admin
