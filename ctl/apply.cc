#include <string>
#include <utility>
#include <vector>

#include "api/diff/diff.h"
#include "ctl/change.h"
#include "ctl/commands.h"
#include "ctl/files.h"
#include "ctl/requests.h"

namespace fairlead::ctl {
namespace {

// Adds and changes what the transaction's snapshot names, and leaves the rest of the proxy's state alone.
absl::Status MakeOperations(v1::Transaction& transaction) {
  if (!transaction.has_snapshot()) {
    return absl::InvalidArgumentError(
        "--operations is for files of resources; this one is a transaction of operations already");
  }
  for (v1::Operation& operation : api::Diff(v1::Snapshot(), transaction.snapshot())) {
    *transaction.add_operations() = std::move(operation);
  }
  transaction.clear_snapshot();
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> Run(const Invocation& invocation) {
  std::vector<std::string> files = invocation.arguments.GetAll("file");
  if (files.empty()) return absl::InvalidArgumentError("apply needs -f FILE");
  // `-f *.yaml`: the shell's further words.
  files.insert(files.end(), invocation.words.begin(), invocation.words.end());
  absl::StatusOr<v1::Transaction> transaction = ReadFiles(files, invocation.environment);
  if (!transaction.ok()) return transaction.status();
  if (invocation.arguments.IsOn("operations")) {
    if (invocation.arguments.IsOn("replace")) return absl::InvalidArgumentError("either --replace or --operations");
    const absl::Status made = MakeOperations(*transaction);
    if (!made.ok()) return made;
  }
  const absl::Status finished = FinishTransaction(invocation, *transaction);
  if (!finished.ok()) return finished;

  const absl::StatusOr<std::unique_ptr<Connection>> connection = Connection::Open(invocation.proxy);
  if (!connection.ok()) return connection.status();
  const absl::StatusOr<Answer> answer = SendTransaction(invocation, **connection, *std::move(transaction));
  if (!answer.ok()) return answer.status();
  return PrintAnswer(invocation, *answer);
}

}  // namespace

Command ApplyCommand() {
  return {.name = "apply",
          .arguments = "-f FILE...",
          .summary = "replace all that the proxy serves by what the files say",
          .example = "fairleadctl apply -f quickstart.yaml --dry_run",
          .flags = WithWriteFlags(
              {{.name = "file", .value = "FILE", .help = "YAML or JSON; - is stdin", .letter = 'f', .repeated = true},
               {.name = "replace", .value = "", .help = "remove what the files do not name (default)"},
               {.name = "operations", .value = "", .help = "leave alone what the files do not name"}}),
          .run = Run};
}

}  // namespace fairlead::ctl
