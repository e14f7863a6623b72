#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/admin/page.h"
#include "dataplane/admin/process_usage.h"
#include "dataplane/admin/server_walk.h"
#include "dataplane/admin/status.h"
#include "dataplane/metrics/prometheus_writer.h"

namespace fairlead::admin {

// /metrics: counters and gauges of the process, its workers, backends and servers, in Prometheus' text format. Names
// and labels are what dashboards and alerts are written by: they do not change.
//
// The format wants the samples of one family together, so the servers are gone through once for each family.
class MetricsPage final : public Page {
 public:
  MetricsPage(Status status, const ProcessUsage& usage) : status_(std::move(status)), usage_(usage) {}

  std::string_view NextPiece() override;

 private:
  enum class Stage : uint8_t { kProcess, kServers, kBackends, kAdmission, kDone };

  // How many servers of a backend are in each state: see kServerStates.
  struct BackendServers {
    std::string_view backend;
    std::array<uint64_t, 4> servers = {};
  };

  void WriteProcess();
  void WriteControl();
  void WriteWorkers();
  // One step through the servers, for the family at family_; then one through the backends.
  void StepServers();
  void StepBackends();
  void StepAdmission();

  const Status status_;
  const ProcessUsage usage_;
  Stage stage_ = Stage::kProcess;
  size_t family_ = 0;  // of ServerFamilies, then of AdmissionFamilies, being written
  bool family_begun_ = false;
  ServerWalk walk_{&status_.snapshot};
  std::vector<BackendServers> backends_;  // counted while the first family is written
  size_t next_backend_ = 0;               // of these; then a slot
  std::string piece_;
  metrics::PrometheusWriter writer_{&piece_};
};

}  // namespace fairlead::admin
