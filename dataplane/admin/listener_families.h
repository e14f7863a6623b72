#pragma once

#include <cstddef>

#include "dataplane/config/snapshot.h"
#include "dataplane/metrics/prometheus_writer.h"

namespace fairlead::admin {

// How many metrics each listener has, and one of them, with the samples of all listeners.
size_t ListenerFamilyCount();
void WriteListenerFamily(size_t family, const config::Snapshot& snapshot, metrics::PrometheusWriter* writer);

}  // namespace fairlead::admin
