#include "dataplane/health/report.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/base/utf8.h"
#include "dataplane/health/quote.h"

namespace fairlead::health {

bool IsNameCharacter(unsigned char c) { return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == ':' || c == '-'; }

namespace {

absl::Status CheckReporter(std::string_view reporter) {
  if (reporter.empty()) {
    return absl::InvalidArgumentError("reporter: missing; it names who speaks");
  }
  if (reporter.size() > kMaxReporterBytes) {
    return absl::InvalidArgumentError(
        base::StrCat("reporter: ", reporter.size(), " bytes long; at most ", kMaxReporterBytes, " are allowed"));
  }
  if (!std::all_of(reporter.begin(), reporter.end(), IsNameCharacter)) {
    return absl::InvalidArgumentError(
        base::StrCat("reporter ", Quote(reporter), ": only letters, digits, '.', '_', ':' and '-' are allowed"));
  }
  if (reporter == kControllerAuthor) {
    return absl::InvalidArgumentError(
        "reporter \"controller\": the name is taken by the controller itself; choose another");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckReport(const Report& report) {
  if (absl::Status status = CheckReporter(report.reporter); !status.ok()) return status;
  if (report.ttl_ms < kMinTtlMs || report.ttl_ms > kMaxTtlMs) {
    return absl::InvalidArgumentError(base::StrCat("ttl ", report.ttl_ms, "ms: want 10ms to 24h"));
  }
  if (report.reason.size() > kMaxReasonBytes) {
    return absl::InvalidArgumentError(
        base::StrCat("reason: ", report.reason.size(), " bytes long; at most ", kMaxReasonBytes, " are allowed"));
  }
  // It is shown as JSON and sent on as a protobuf string, which must be UTF-8.
  if (!base::IsValidUtf8(report.reason)) return absl::InvalidArgumentError("reason: not valid UTF-8");
  return absl::OkStatus();
}

}  // namespace fairlead::health
