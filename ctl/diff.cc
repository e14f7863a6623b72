#include "api/diff/diff.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "ctl/commands.h"
#include "ctl/difference.h"
#include "ctl/files.h"
#include "ctl/requests.h"
#include "ctl/revision_number.h"

namespace fairlead::ctl {
namespace {

absl::Status PrintOperations(const Invocation& invocation, const v1::Snapshot& from,
                             std::vector<v1::Operation> operations) {
  if (invocation.format == OutputFormat::kTable) {
    const DifferenceView view(from);
    for (const v1::Operation& operation : operations) invocation.environment.out << view.Show(operation);
    return absl::OkStatus();
  }
  // A transaction that `apply` takes.
  v1::Transaction transaction;
  for (v1::Operation& operation : operations) *transaction.add_operations() = std::move(operation);
  return PrintMessage(transaction, invocation.format, {}, invocation.environment.out);
}

template <typename Resources>
auto* FindById(Resources& resources, std::string_view id) {
  const auto found = std::ranges::find(resources, id, [](const auto& one) -> const std::string& { return one.id(); });
  return found == resources.end() ? nullptr : &*found;
}

// The name within the key, as the proxy tells it; empty: the key is not there.
std::string NameOf(const v1::TicketKey& key) {
  constexpr size_t kNameBytes = 16;
  const v1::DataSource& source = key.key();
  const std::string& bytes = source.has_inline_string() ? source.inline_string() : source.inline_bytes();
  return absl::BytesToHexString(bytes.substr(0, kNameBytes));
}

// Puts in place of each key what can be compared: the name of one that the file holds, nothing else.
void CompareByName(const v1::StateReport& report, v1::TicketKeys& state, v1::TicketKeys& wanted) {
  const v1::TicketKeysStatus* const status = FindById(report.ticket_keys(), state.id());
  for (int i = 0; i < wanted.keys_size(); ++i) {
    const std::string name = NameOf(wanted.keys(i));
    wanted.mutable_keys(i)->clear_key();
    if (name.empty() || status == nullptr) continue;
    wanted.mutable_keys(i)->mutable_key()->set_inline_string(name);
    if (i >= state.keys_size() || i >= status->keys_size()) continue;
    state.mutable_keys(i)->mutable_key()->set_inline_string(status->keys(i).name());
  }
}

// What leads from the proxy's state to `wanted`. Keys, which the proxy never tells, are no difference by themselves:
// they are their certificates', and ticket keys have names.
std::vector<v1::Operation> DiffWithoutKeys(const v1::StateReport& report, const v1::Snapshot& wanted) {
  v1::Snapshot state = report.config();
  v1::Snapshot comparable = wanted;
  for (v1::Certificate& certificate : *comparable.mutable_certificates()) certificate.clear_key();
  for (v1::TicketKeys& keys : *comparable.mutable_ticket_keys()) {
    v1::TicketKeys* const there = FindById(*state.mutable_ticket_keys(), keys.id());
    if (there != nullptr) CompareByName(report, *there, keys);
  }
  std::vector<v1::Operation> operations = api::Diff(state, comparable);
  for (v1::Operation& operation : operations) {
    if (operation.has_upsert_certificate()) {
      v1::Certificate& certificate = *operation.mutable_upsert_certificate();
      certificate = *FindById(wanted.certificates(), certificate.id());
    } else if (operation.has_upsert_ticket_keys()) {
      v1::TicketKeys& keys = *operation.mutable_upsert_ticket_keys();
      keys = *FindById(wanted.ticket_keys(), keys.id());
    }
  }
  return operations;
}

absl::StatusOr<ExitCode> PrintDifference(const Invocation& invocation, const v1::Snapshot& from,
                                         std::vector<v1::Operation> operations) {
  const bool same = operations.empty();
  const absl::Status printed = PrintOperations(invocation, from, std::move(operations));
  if (!printed.ok()) return printed;
  return same ? ExitCode::kDone : ExitCode::kRejected;
}

absl::StatusOr<ExitCode> RunBetweenRevisions(const Invocation& invocation) {
  const absl::Status counted = CheckWordCount(invocation, "diff REVISION REVISION", 2, 2);
  if (!counted.ok()) return counted;
  const absl::StatusOr<uint64_t> from = ParseRevision(invocation.words[0]);
  if (!from.ok()) return from.status();
  const absl::StatusOr<uint64_t> to = ParseRevision(invocation.words[1]);
  if (!to.ok()) return to.status();
  const absl::StatusOr<std::unique_ptr<Connection>> connection = Connection::Open(invocation.proxy);
  if (!connection.ok()) return connection.status();
  const absl::StatusOr<v1::Snapshot> before = GetRevision(**connection, *from);
  if (!before.ok()) return before.status();
  const absl::StatusOr<v1::Snapshot> after = GetRevision(**connection, *to);
  if (!after.ok()) return after.status();
  return PrintDifference(invocation, *before, api::Diff(*before, *after));
}

absl::StatusOr<ExitCode> Run(const Invocation& invocation) {
  std::vector<std::string> files = invocation.arguments.GetAll("file");
  if (files.empty() && invocation.words.empty()) {
    return absl::InvalidArgumentError("diff needs -f FILE, or two revisions");
  }
  if (files.empty()) return RunBetweenRevisions(invocation);
  files.insert(files.end(), invocation.words.begin(), invocation.words.end());
  const absl::StatusOr<v1::Transaction> wanted = ReadFiles(files, invocation.environment);
  if (!wanted.ok()) return wanted.status();
  if (!wanted->has_snapshot()) {
    return absl::InvalidArgumentError("diff compares resources; this file is a transaction of operations");
  }

  const absl::StatusOr<std::unique_ptr<Connection>> connection = Connection::Open(invocation.proxy);
  if (!connection.ok()) return connection.status();
  v1::StateFilter filter;
  filter.set_without_status(true);
  const absl::StatusOr<v1::StateReport> state = GetState(**connection, filter);
  if (!state.ok()) return state.status();
  return PrintDifference(invocation, state->config(), DiffWithoutKeys(*state, wanted->snapshot()));
}

}  // namespace

Command DiffCommand() {
  return {
      .name = "diff",
      .arguments = "-f FILE... | REVISION REVISION",
      .summary =
          "what apply would change, or what changed between two revisions; ends with 0 if nothing, 1 if something",
      .example = "fairleadctl diff -f quickstart.yaml",
      .flags = {{.name = "file", .value = "FILE", .help = "YAML or JSON; - is stdin", .letter = 'f', .repeated = true}},
      .run = Run};
}

}  // namespace fairlead::ctl
