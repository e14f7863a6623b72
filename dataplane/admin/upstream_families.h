#pragma once

#include <span>

#include "dataplane/admin/metric_family.h"
#include "dataplane/admin/metric_items.h"

namespace fairlead::admin {

// What is shown of each backend, and of each server. In the order of the page.
std::span<const MetricFamily<BackendItem>> BackendFamilies();
std::span<const MetricFamily<ServerItem>> ServerFamilies();

}  // namespace fairlead::admin
