#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "api/yaml/concat.h"
#include "ctl/change.h"
#include "ctl/commands.h"
#include "ctl/requests.h"

namespace fairlead::ctl {
namespace {

// --at as Unix time in microseconds; 0: at once.
absl::StatusOr<uint64_t> ReadTime(const Invocation& invocation) {
  if (!invocation.arguments.Has("at")) return 0;
  const std::string text = invocation.arguments.Get("at", "");
  absl::Time time;
  std::string why;
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, &why) || time <= absl::UnixEpoch()) {
    return absl::InvalidArgumentError(
        api::Concat("--at is a time like 2026-11-26T12:00:00Z or 2026-11-26T12:00:00.5+01:00, not \"", text, "\""));
  }
  return static_cast<uint64_t>(absl::ToUnixMicros(time));
}

absl::StatusOr<ExitCode> RunCommit(const Invocation& invocation) {
  const absl::Status counted = CheckWordCount(invocation, "commit TRANSACTION [--at=TIME]", 1, 1);
  if (!counted.ok()) return counted;
  const absl::StatusOr<uint64_t> at_us = ReadTime(invocation);
  if (!at_us.ok()) return at_us.status();
  const absl::StatusOr<std::unique_ptr<Connection>> connection = Connection::Open(invocation.proxy);
  if (!connection.ok()) return connection.status();
  if (*at_us != 0) (*connection)->LiftTimeout();
  v1::ToProxy request;
  request.mutable_commit()->set_transaction_id(invocation.words[0]);
  request.mutable_commit()->set_at_us(*at_us);
  const absl::StatusOr<Answer> answer = Transact(**connection, request, invocation.words[0]);
  if (!answer.ok()) return answer.status();
  return PrintAnswer(invocation, *answer);
}

absl::StatusOr<ExitCode> RunAbort(const Invocation& invocation) {
  const absl::Status counted = CheckWordCount(invocation, "abort TRANSACTION", 1, 1);
  if (!counted.ok()) return counted;
  const absl::StatusOr<std::unique_ptr<Connection>> connection = Connection::Open(invocation.proxy);
  if (!connection.ok()) return connection.status();
  v1::ToProxy request;
  request.mutable_abort()->set_transaction_id(invocation.words[0]);
  const absl::StatusOr<Answer> answer = Transact(**connection, request, invocation.words[0]);
  if (!answer.ok()) return answer.status();
  const auto* const rejected = std::get_if<v1::Rejected>(&*answer);
  if (rejected == nullptr || rejected->violations(0).code() != v1::Violation::ABORTED) {
    const absl::StatusOr<ExitCode> printed = PrintAnswer(invocation, *answer);
    if (rejected == nullptr) invocation.environment.err << "too late: it is in force\n";
    return printed.ok() ? ExitCode::kRejected : printed;
  }
  if (invocation.format == OutputFormat::kTable) {
    invocation.environment.out << "dropped; still serving revision " << rejected->revision() << "\n";
    return ExitCode::kDone;
  }
  const absl::Status printed =
      PrintMessage(*rejected, invocation.format, {.print_defaults = true}, invocation.environment.out);
  if (!printed.ok()) return printed;
  return ExitCode::kDone;
}

}  // namespace

std::vector<Command> FleetCommands() {
  return {{.name = "commit",
           .arguments = "TRANSACTION",
           .summary = "switch to what was prepared (--prepare)",
           .example = "fairleadctl commit deploy-17 --at=2026-11-26T12:00:00Z",
           .flags = {{.name = "at", .value = "TIME", .help = "when, by the proxy's clock (default: at once)"}},
           .run = RunCommit},
          {.name = "abort",
           .arguments = "TRANSACTION",
           .summary = "drop what was prepared",
           .example = "fairleadctl abort deploy-17",
           .flags = {},
           .run = RunAbort}};
}

}  // namespace fairlead::ctl
