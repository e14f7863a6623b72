#pragma once

#include "dataplane/health/health_table.h"
#include "dataplane/health/speaker.h"
#include "fairlead/v1/health.pb.h"

namespace fairlead::control {

// Takes the reports of a batch in their order, and says how many were taken and what was wrong with the others. A batch
// of more than 10,000 is refused whole: one error, at the first that is too many.
v1::HealthReportAnswer TakeHealthReports(const v1::HealthReportBatch& batch, health::Speaker& speaker,
                                         health::HealthTable& table);

}  // namespace fairlead::control
