#include "ctl/change.h"

#include <string>

#include "absl/strings/str_format.h"
#include "api/yaml/concat.h"
#include "api/yaml/scalars.h"
#include "ctl/impact_text.h"
#include "ctl/printable.h"

namespace fairlead::ctl {
namespace {

std::string Milliseconds(const google::protobuf::Duration& duration) {
  return absl::StrFormat("%.1f ms", static_cast<double>(duration.seconds()) * 1e3 + duration.nanos() / 1e6);
}

std::string Describe(const v1::Applied& applied) {
  const bool changes_nothing = applied.added() + applied.changed() + applied.removed() == 0;
  if (changes_nothing) return api::Concat("nothing to change at revision ", applied.revision());
  const std::string counts =
      api::Concat(": ", applied.added(), " added, ", applied.changed(), " changed, ", applied.removed(), " removed");
  if (applied.dry_run()) return api::Concat("would make revision ", applied.revision(), counts);
  return api::Concat("applied revision ", applied.revision(), counts, ", in ", Milliseconds(applied.duration()));
}

absl::Status AddPreconditions(const Arguments& arguments, v1::Transaction& transaction) {
  if (arguments.Has("min_eligible_share")) {
    const std::string text = arguments.Get("min_eligible_share", "");
    const std::optional<double> share = api::ParseDouble(text);
    if (!share) {
      return absl::InvalidArgumentError(
          api::Concat("--min_eligible_share is a number from 0 to 1, not \"", text, "\""));
    }
    transaction.add_preconditions()->set_min_eligible_share(*share);
  }
  if (arguments.Has("max_servers_removed")) {
    const std::string text = arguments.Get("max_servers_removed", "");
    const std::optional<uint64_t> most = api::ParseUnsigned(text);
    if (!most || *most > UINT32_MAX) {
      return absl::InvalidArgumentError(api::Concat("--max_servers_removed is a whole number, not \"", text, "\""));
    }
    transaction.add_preconditions()->set_max_servers_removed(static_cast<uint32_t>(*most));
  }
  return absl::OkStatus();
}

void PrintViolations(const v1::Rejected& rejected, std::ostream& err) {
  for (const v1::Violation& violation : rejected.violations()) {
    if (!violation.path().empty()) err << Printable(violation.path()) << ": ";
    err << Printable(violation.message()) << "\n";
  }
  err << "rejected; still serving revision " << rejected.revision() << "\n";
}

}  // namespace

absl::Status FinishTransaction(const Invocation& invocation, v1::Transaction& transaction) {
  const Arguments& arguments = invocation.arguments;
  if (transaction.id().empty()) transaction.set_id(NewTransactionId());
  if (arguments.Has("dry_run")) transaction.set_dry_run(arguments.IsOn("dry_run"));
  if (arguments.Has("comment")) transaction.set_comment(arguments.Get("comment", ""));
  if (arguments.Has("author") || transaction.author().empty()) {
    transaction.set_author(arguments.Get("author", invocation.environment.variable("USER")));
  }
  if (arguments.Has("id")) transaction.set_id(arguments.Get("id", ""));
  if (arguments.Has("confirm_within")) {
    const std::string text = arguments.Get("confirm_within", "");
    const auto within = api::ParseDuration(text);
    if (!within) {
      return absl::InvalidArgumentError(api::Concat("--confirm_within is a duration like 60s, not \"", text, "\""));
    }
    transaction.mutable_confirm_within()->set_seconds(within->seconds);
    transaction.mutable_confirm_within()->set_nanos(within->nanos);
  }
  return AddPreconditions(arguments, transaction);
}

absl::StatusOr<Answer> SendTransaction(const Invocation& invocation, Connection& connection,
                                       v1::Transaction transaction) {
  const Arguments& arguments = invocation.arguments;
  const std::string id = transaction.id();
  v1::ToProxy request;
  if (!arguments.IsOn("prepare")) {
    if (arguments.Has("hold_for")) return absl::InvalidArgumentError("--hold_for goes with --prepare");
    *request.mutable_transaction() = std::move(transaction);
    return Transact(connection, request, id);
  }
  *request.mutable_prepare()->mutable_transaction() = std::move(transaction);
  if (arguments.Has("hold_for")) {
    const std::string text = arguments.Get("hold_for", "");
    const auto hold_for = api::ParseDuration(text);
    if (!hold_for) {
      return absl::InvalidArgumentError(api::Concat("--hold_for is a duration like 60s, not \"", text, "\""));
    }
    request.mutable_prepare()->mutable_hold_for()->set_seconds(hold_for->seconds);
    request.mutable_prepare()->mutable_hold_for()->set_nanos(hold_for->nanos);
  }
  return Transact(connection, request, id);
}

absl::StatusOr<ExitCode> PrintAnswer(const Invocation& invocation, const Answer& answer) {
  const Environment& environment = invocation.environment;
  const auto* applied = std::get_if<v1::Applied>(&answer);
  if (applied != nullptr && invocation.format == OutputFormat::kTable) {
    environment.out << Describe(*applied) << "\n" << DescribeImpact(applied->impact());
    if (applied->has_saved() && !applied->saved()) {
      environment.err << "revision " << applied->revision()
                      << " is not on the proxy's disk yet: see fairleadctl status\n";
    }
    return ExitCode::kDone;
  }
  if (applied != nullptr) {
    const absl::Status printed = PrintMessage(*applied, invocation.format, {.print_defaults = true}, environment.out);
    if (!printed.ok()) return printed;
    return ExitCode::kDone;
  }
  if (const auto* prepared = std::get_if<v1::Prepared>(&answer)) {
    if (invocation.format == OutputFormat::kTable) {
      environment.out << "prepared revision " << prepared->revision() << " as transaction "
                      << Printable(prepared->transaction_id()) << ", held until "
                      << PrintableTime(static_cast<int64_t>(prepared->held_until_ms())) << "\n";
      return ExitCode::kDone;
    }
    const absl::Status printed = PrintMessage(*prepared, invocation.format, {.print_defaults = true}, environment.out);
    if (!printed.ok()) return printed;
    return ExitCode::kDone;
  }
  const auto& rejected = std::get<v1::Rejected>(answer);
  PrintViolations(rejected, environment.err);
  if (invocation.format != OutputFormat::kTable) {
    const absl::Status printed = PrintMessage(rejected, invocation.format, {.print_defaults = true}, environment.out);
    if (!printed.ok()) return printed;
  }
  return ExitCode::kRejected;
}

}  // namespace fairlead::ctl
