#pragma once

#include <span>

#include "dataplane/admin/metric_family.h"
#include "dataplane/admin/metric_items.h"

namespace fairlead::admin {

// What is shown of the requests that come by each listener, and by each rule. In the order of the page.
std::span<const MetricFamily<ListenerItem>> ListenerFamilies();
std::span<const MetricFamily<RuleItem>> RuleFamilies();

}  // namespace fairlead::admin
