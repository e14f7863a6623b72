#pragma once

#include <vector>

#include "dataplane/admin/status.h"
#include "dataplane/metrics/prometheus_writer.h"

namespace fairlead::admin {

// What is shown of the workers: all together, and each where it tells how work spreads over them.
void WriteWorkerFamilies(const std::vector<WorkerStatus>& workers, metrics::PrometheusWriter* writer);

}  // namespace fairlead::admin
