#include <string>
#include <utility>
#include <vector>

#include "api/yaml/concat.h"
#include "api/yaml/scalars.h"
#include "ctl/change.h"
#include "ctl/commands.h"
#include "ctl/printable.h"
#include "ctl/requests.h"
#include "ctl/revision_number.h"
#include "ctl/table.h"

namespace fairlead::ctl {
namespace {

std::string Changes(const v1::HistoryEntry& entry) {
  return api::Concat("+", entry.added(), " ~", entry.changed(), " -", entry.removed());
}

std::string Note(const v1::HistoryEntry& entry) {
  switch (entry.trial()) {
    case v1::HistoryEntry::UNCONFIRMED:
      return "on trial";
    case v1::HistoryEntry::CONFIRMED:
      return "confirmed";
    case v1::HistoryEntry::REVERTED:
      return "reverted";
    default:
      if (entry.has_rollback_to()) return api::Concat("back to ", entry.rollback_to());
      return entry.restored() ? "restored" : "";
  }
}

absl::StatusOr<ExitCode> RunHistory(const Invocation& invocation) {
  const absl::Status counted = CheckWordCount(invocation, "history", 0, 0);
  if (!counted.ok()) return counted;
  const std::string text = invocation.arguments.Get("limit", "20");
  const std::optional<uint64_t> limit = api::ParseUnsigned(text);
  if (!limit || *limit == 0 || *limit > UINT32_MAX) {
    return absl::InvalidArgumentError(api::Concat("--limit is a number from 1, not \"", text, "\""));
  }
  const absl::StatusOr<std::unique_ptr<Connection>> connection = Connection::Open(invocation.proxy);
  if (!connection.ok()) return connection.status();
  const absl::StatusOr<v1::History> history = GetHistory(**connection, static_cast<uint32_t>(*limit));
  if (!history.ok()) return history.status();

  std::ostream& out = invocation.environment.out;
  if (invocation.format != OutputFormat::kTable) {
    const absl::Status printed = PrintMessage(*history, invocation.format, {.print_defaults = true}, out);
    if (!printed.ok()) return printed;
    return ExitCode::kDone;
  }
  Table table({{"REVISION", Align::kRight},
               {"TIME"},
               {"AUTHOR"},
               {"FROM"},
               {"CHANGES"},
               {"NOTE"},
               {"TRANSACTION"},
               {"COMMENT"}});
  for (const v1::HistoryEntry& entry : history->entries()) {
    table.AddRow({api::Concat(entry.revision()), PrintableTime(static_cast<int64_t>(entry.time_ms())), entry.author(),
                  entry.source(), Changes(entry), Note(entry), entry.transaction_id(), entry.comment()});
  }
  table.Print(out);
  return ExitCode::kDone;
}

absl::StatusOr<ExitCode> RunRollback(const Invocation& invocation) {
  const absl::Status counted = CheckWordCount(invocation, "rollback REVISION", 1, 1);
  if (!counted.ok()) return counted;
  const absl::StatusOr<uint64_t> revision = ParseRevision(invocation.words[0]);
  if (!revision.ok()) return revision.status();
  v1::Transaction transaction;
  transaction.set_rollback_to(*revision);
  const absl::Status finished = FinishTransaction(invocation, transaction);
  if (!finished.ok()) return finished;
  const absl::StatusOr<std::unique_ptr<Connection>> connection = Connection::Open(invocation.proxy);
  if (!connection.ok()) return connection.status();
  const absl::StatusOr<Answer> answer = SendTransaction(invocation, **connection, std::move(transaction));
  if (!answer.ok()) return answer.status();
  return PrintAnswer(invocation, *answer);
}

absl::StatusOr<ExitCode> RunConfirm(const Invocation& invocation) {
  const absl::Status counted = CheckWordCount(invocation, "confirm TRANSACTION", 1, 1);
  if (!counted.ok()) return counted;
  const absl::StatusOr<std::unique_ptr<Connection>> connection = Connection::Open(invocation.proxy);
  if (!connection.ok()) return connection.status();
  const absl::StatusOr<v1::Confirmed> confirmed = Confirm(**connection, invocation.words[0]);
  if (!confirmed.ok()) return confirmed.status();
  if (invocation.format != OutputFormat::kTable) {
    const absl::Status printed =
        PrintMessage(*confirmed, invocation.format, {.print_defaults = true}, invocation.environment.out);
    if (!printed.ok()) return printed;
  }
  if (!confirmed->error().empty()) {
    invocation.environment.err << Printable(confirmed->error()) << "\n";
    return ExitCode::kRejected;
  }
  if (invocation.format == OutputFormat::kTable) {
    invocation.environment.out << "revision " << confirmed->revision() << " stands\n";
  }
  return ExitCode::kDone;
}

}  // namespace

std::vector<Command> HistoryCommands() {
  return {{.name = "history",
           .arguments = "",
           .summary = "the last revisions: who made them, when, and why",
           .example = "fairleadctl history --limit=5",
           .flags = {{.name = "limit", .value = "N", .help = "how many at most (default: 20)"}},
           .run = RunHistory},
          {.name = "rollback",
           .arguments = "REVISION",
           .summary = "go back to what was served at an earlier revision, as one more revision",
           .example = "fairleadctl rollback 41 --dry_run",
           .flags = WithWriteFlags({}),
           .run = RunRollback},
          {.name = "confirm",
           .arguments = "TRANSACTION",
           .summary = "what this transaction changed on trial (--confirm_within) is to stand",
           .example = "fairleadctl confirm deploy-17",
           .flags = {},
           .run = RunConfirm}};
}

}  // namespace fairlead::ctl
