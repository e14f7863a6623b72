#pragma once

#include <utility>

#include "dataplane/health/health_table.h"
#include "dataplane/health/speaker.h"
#include "fairlead/v1/health.pb.h"

namespace fairlead::control {

// A batch of reports that is taken some at a time, in their order, and its answer: how many were taken and what was
// wrong with the others. A batch of more than 10,000 is refused whole: one error, at the first that is too many.
class HealthBatch {
 public:
  explicit HealthBatch(v1::HealthReportBatch batch);

  // Takes the next reports, at most so many, and returns how many these were. Frees them: what is left of a long batch
  // is not to be freed at once.
  int TakeSome(int most, health::Speaker& speaker, health::HealthTable& table);
  // All are taken.
  bool done() const { return batch_.reports().empty(); }
  // Once they are.
  v1::HealthReportAnswer TakeAnswer() { return std::move(answer_); }

 private:
  v1::HealthReportBatch batch_;  // of which those are left that were not taken, the last one first
  int index_ = 0;                // of the next one
  v1::HealthReportAnswer answer_;
};

}  // namespace fairlead::control
