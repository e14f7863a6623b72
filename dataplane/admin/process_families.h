#pragma once

#include "dataplane/admin/process_usage.h"
#include "dataplane/admin/status.h"
#include "dataplane/metrics/prometheus_writer.h"

namespace fairlead::admin {

// What is shown of the process and of its control side.
void WriteProcessFamilies(const Status& status, const ProcessUsage& usage, metrics::PrometheusWriter* writer);

}  // namespace fairlead::admin
