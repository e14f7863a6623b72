#include "dataplane/health/speaker.h"

#include "dataplane/base/absl_strings.h"
#include "dataplane/health/quote.h"

namespace fairlead::health {

absl::Status Speaker::Check(const Report& report, Refusal* refusal) {
  if (reporters_->empty()) return absl::OkStatus();
  if (asked_generation_ != reporters_->generation() || asked_ != report.reporter) {
    asked_ = report.reporter;
    asked_generation_ = reporters_->generation();
    found_ = reporters_->Find(report.reporter);
    if (found_ != nullptr && !peer_.ProvesOneOf(found_->identities)) found_ = nullptr;
  }
  if (found_ == nullptr) {
    // The same whether there is such a reporter or not: strangers need not learn it.
    *refusal = Refusal::kStranger;
    return absl::PermissionDeniedError(base::StrCat(
        "reporter ", Quote(report.reporter), ": no reporter of this name has an identity of ", peer_.Describe()));
  }
  if (!found_->backends.Match(report.backend)) {
    *refusal = Refusal::kForeignBackend;
    return absl::PermissionDeniedError(
        base::StrCat("reporter ", Quote(report.reporter), ": does not speak for backend ", Quote(report.backend)));
  }
  return absl::OkStatus();
}

}  // namespace fairlead::health
