#include "dataplane/control/health_reports.h"

#include <algorithm>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/control/conversion_to_proto.h"
#include "dataplane/health/report.h"

namespace fairlead::control {
namespace {

constexpr int kMaxReports = 10'000;

// What lies below a millisecond is dropped; out of the limits stays out of them.
uint64_t ToMilliseconds(const google::protobuf::Duration& duration) {
  const int64_t seconds = std::clamp<int64_t>(duration.seconds(), -1, health::kMaxTtlMs / 1000 + 1);
  return static_cast<uint64_t>(std::max<int64_t>(0, seconds * 1000 + duration.nanos() / 1'000'000));
}

absl::Status TakeReport(const v1::HealthReport& message, health::Speaker& speaker, health::HealthTable& table) {
  if (!v1::Health::Status_IsValid(message.status())) {
    return absl::InvalidArgumentError(base::StrCat("status: unknown value ", static_cast<int>(message.status()),
                                                   "; want UNKNOWN, UP, DEGRADED or DOWN"));
  }
  health::Report report;
  report.backend = message.backend();
  report.server = message.server();
  report.status = FromProto(message.status());
  report.reporter = message.reporter();
  report.incarnation = message.incarnation();
  report.sequence = message.sequence();
  if (message.has_ttl()) report.ttl_ms = ToMilliseconds(message.ttl());
  report.reason = message.reason();
  return table.Take(report, speaker);
}

void AddError(int index, std::string message, v1::HealthReportAnswer& answer) {
  v1::HealthReportError& error = *answer.add_errors();
  error.set_index(static_cast<uint32_t>(index));
  error.set_message(std::move(message));
}

}  // namespace

HealthBatch::HealthBatch(v1::HealthReportBatch batch) : batch_(std::move(batch)) {
  answer_.set_batch_id(batch_.batch_id());
  if (const int reports = batch_.reports_size(); reports > kMaxReports) {
    AddError(kMaxReports,
             base::StrCat(reports, " reports: refused as a whole; want at most ", kMaxReports, " in a batch"), answer_);
    batch_.clear_reports();
  }
  // The end is where protobuf gives one away at a time.
  auto& reports = *batch_.mutable_reports();
  std::reverse(reports.pointer_begin(), reports.pointer_end());
}

int HealthBatch::TakeSome(int most, health::Speaker& speaker, health::HealthTable& table) {
  const int taken = std::min(most, batch_.reports_size());
  for (int i = 0; i < taken; ++i, ++index_) {
    const std::unique_ptr<const v1::HealthReport> report(batch_.mutable_reports()->ReleaseLast());
    if (absl::Status status = TakeReport(*report, speaker, table); !status.ok()) {
      AddError(index_, std::string(base::FromAbsl(status.message())), answer_);
    } else {
      answer_.set_accepted(answer_.accepted() + 1);
    }
  }
  return taken;
}

}  // namespace fairlead::control
