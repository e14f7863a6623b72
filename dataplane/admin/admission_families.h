#pragma once

#include <span>

#include "dataplane/admin/metric_family.h"
#include "dataplane/admin/metric_items.h"

namespace fairlead::admin {

// What is shown of the requests that ask a backend for a server: those that wait, and those that are balanced without a
// look at health.
std::span<const MetricFamily<BackendItem>> AdmissionFamilies();

}  // namespace fairlead::admin
