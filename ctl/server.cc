#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "api/yaml/concat.h"
#include "api/yaml/scalars.h"
#include "ctl/change.h"
#include "ctl/commands.h"
#include "ctl/requests.h"
#include "ctl/server_name.h"

namespace fairlead::ctl {
namespace {

// How often a change is made anew because another came between reading and writing.
constexpr int kAttempts = 5;

// Makes the operation on one server from what it is now, null if it does not exist.
using Edit = std::function<absl::StatusOr<v1::Operation>(const ServerName& name, const v1::Server* current)>;

absl::StatusOr<std::vector<ServerName>> ParseServerNames(const std::vector<std::string>& words) {
  std::vector<ServerName> names;
  for (const std::string& word : words) {
    absl::StatusOr<ServerName> name = ParseServerName(word);
    if (!name.ok()) return name.status();
    names.push_back(*std::move(name));
  }
  return names;
}

// NOT_FOUND if there is no such backend.
absl::StatusOr<const v1::Server*> FindServer(const v1::Snapshot& state, const ServerName& name) {
  const auto backend = std::find_if(state.backends().begin(), state.backends().end(),
                                    [&](const v1::Backend& candidate) { return candidate.id() == name.backend; });
  if (backend == state.backends().end()) return absl::NotFoundError(api::Concat("no backend \"", name.backend, "\""));
  const auto server = std::find_if(backend->servers().begin(), backend->servers().end(),
                                   [&](const v1::Server& candidate) { return candidate.id() == name.server; });
  return server == backend->servers().end() ? nullptr : &*server;
}

// The transaction that makes all edits to the state of this revision, and to no other.
absl::StatusOr<v1::Transaction> MakeTransaction(const v1::StateReport& state, const std::vector<ServerName>& names,
                                                const Edit& edit) {
  v1::Transaction transaction;
  transaction.set_base_revision(state.revision());
  for (const ServerName& name : names) {
    const absl::StatusOr<const v1::Server*> server = FindServer(state.config(), name);
    if (!server.ok()) return server.status();
    absl::StatusOr<v1::Operation> operation = edit(name, *server);
    if (!operation.ok()) return operation.status();
    *transaction.add_operations() = *std::move(operation);
  }
  return transaction;
}

bool IsStale(const Answer& answer) {
  const auto* rejected = std::get_if<v1::Rejected>(&answer);
  return rejected != nullptr &&
         std::any_of(rejected->violations().begin(), rejected->violations().end(), [](const v1::Violation& violation) {
           return violation.code() == v1::Violation::STALE_BASE_REVISION;
         });
}

// Reads, changes, writes; anew if somebody else wrote meanwhile.
absl::StatusOr<ExitCode> ChangeServers(const Invocation& invocation, const std::vector<std::string>& words,
                                       const Edit& edit) {
  const absl::StatusOr<std::vector<ServerName>> names = ParseServerNames(words);
  if (!names.ok()) return names.status();
  v1::StateFilter filter;
  filter.set_without_status(true);
  for (const ServerName& name : *names) filter.add_backends(name.backend);
  const absl::StatusOr<std::unique_ptr<Connection>> connection = Connection::Open(invocation.proxy);
  if (!connection.ok()) return connection.status();

  for (int attempt = 1;; ++attempt) {
    const absl::StatusOr<v1::StateReport> state = GetState(**connection, filter);
    if (!state.ok()) return state.status();
    absl::StatusOr<v1::Transaction> transaction = MakeTransaction(*state, *names, edit);
    if (!transaction.ok()) return transaction.status();
    const absl::Status finished = FinishTransaction(invocation, *transaction);
    if (!finished.ok()) return finished;
    const absl::StatusOr<Answer> answer = SendTransaction(invocation, **connection, *std::move(transaction));
    if (!answer.ok()) return answer.status();
    if (!IsStale(*answer) || attempt == kAttempts) return PrintAnswer(invocation, *answer);
  }
}

v1::Operation Upsert(const ServerName& name, v1::Server server) {
  v1::Operation operation;
  operation.mutable_upsert_server()->set_backend(name.backend);
  *operation.mutable_upsert_server()->mutable_server() = std::move(server);
  return operation;
}

absl::Status NoSuchServer(const ServerName& name) {
  return absl::NotFoundError(api::Concat("no server \"", name.ToString(), "\""));
}

// An edit that changes a field of a server that must exist.
Edit ChangeField(std::function<void(v1::Server&)> change) {
  return
      [change = std::move(change)](const ServerName& name, const v1::Server* current) -> absl::StatusOr<v1::Operation> {
        if (current == nullptr) return NoSuchServer(name);
        v1::Server server = *current;
        change(server);
        return Upsert(name, std::move(server));
      };
}

absl::StatusOr<uint32_t> ParseWeight(std::string_view text) {
  const auto weight = api::ParseUnsigned(text);
  if (!weight || *weight > UINT32_MAX)
    return absl::InvalidArgumentError(api::Concat("a weight is a whole number, not \"", text, "\""));
  return static_cast<uint32_t>(*weight);
}

absl::Status AddLabels(const std::vector<std::string>& labels, v1::Server& server) {
  for (const std::string& label : labels) {
    const size_t equals = label.find('=');
    if (equals == std::string::npos)
      return absl::InvalidArgumentError(api::Concat("a label is KEY=VALUE, not \"", label, "\""));
    (*server.mutable_labels())[label.substr(0, equals)] = label.substr(equals + 1);
  }
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> Add(const Invocation& invocation) {
  const absl::Status counted = CheckWordCount(invocation, "server add BACKEND/SERVER ADDRESS", 2, 2);
  if (!counted.ok()) return counted;
  v1::Server server;
  server.set_address(invocation.words[1]);
  if (invocation.arguments.Has("weight")) {
    const absl::StatusOr<uint32_t> weight = ParseWeight(invocation.arguments.Get("weight", ""));
    if (!weight.ok()) return weight.status();
    server.set_weight(*weight);
  }
  const absl::Status labelled = AddLabels(invocation.arguments.GetAll("label"), server);
  if (!labelled.ok()) return labelled;
  const Edit edit = [&server](const ServerName& name, const v1::Server* current) -> absl::StatusOr<v1::Operation> {
    if (current != nullptr) {
      return absl::AlreadyExistsError(
          api::Concat("server \"", name.ToString(), "\" exists already, at ", current->address()));
    }
    server.set_id(name.server);
    return Upsert(name, server);
  };
  return ChangeServers(invocation, {invocation.words[0]}, edit);
}

absl::StatusOr<ExitCode> Remove(const Invocation& invocation) {
  const absl::Status counted = CheckWordCount(invocation, "server remove BACKEND/SERVER...", 1, SIZE_MAX);
  if (!counted.ok()) return counted;
  const Edit edit = [](const ServerName& name, const v1::Server* current) -> absl::StatusOr<v1::Operation> {
    if (current == nullptr) return NoSuchServer(name);
    v1::Operation operation;
    operation.mutable_remove_server()->set_backend(name.backend);
    operation.mutable_remove_server()->set_server(name.server);
    return operation;
  };
  return ChangeServers(invocation, invocation.words, edit);
}

absl::StatusOr<ExitCode> SetWeight(const Invocation& invocation) {
  const absl::Status counted = CheckWordCount(invocation, "server weight BACKEND/SERVER WEIGHT", 2, 2);
  if (!counted.ok()) return counted;
  const absl::StatusOr<uint32_t> weight = ParseWeight(invocation.words[1]);
  if (!weight.ok()) return weight.status();
  return ChangeServers(invocation, {invocation.words[0]},
                       ChangeField([&](v1::Server& server) { server.set_weight(*weight); }));
}

template <v1::Server::AdminState kState>
absl::StatusOr<ExitCode> SetAdminState(const Invocation& invocation) {
  const absl::Status counted = CheckWordCount(invocation, "server drain|ready|maint BACKEND/SERVER...", 1, SIZE_MAX);
  if (!counted.ok()) return counted;
  return ChangeServers(invocation, invocation.words,
                       ChangeField([](v1::Server& server) { server.set_admin_state(kState); }));
}

}  // namespace

std::vector<Command> ServerCommands() {
  return {
      {.name = "server add",
       .arguments = "BACKEND/SERVER ADDRESS",
       .summary = "add a server",
       .example = "fairleadctl server add web/w4 10.0.0.4:80 --weight=50 --label=rack=12",
       .flags = WithWriteFlags(
           {{.name = "weight", .value = "WEIGHT", .help = "its share (default: 1)"},
            {.name = "label", .value = "KEY=VALUE", .help = "for people and controllers", .repeated = true}}),
       .run = Add},
      {.name = "server remove",
       .arguments = "BACKEND/SERVER...",
       .summary = "remove servers, all in one transaction",
       .example = "fairleadctl server remove web/w3 web/w4",
       .flags = WithWriteFlags({}),
       .run = Remove},
      {.name = "server weight",
       .arguments = "BACKEND/SERVER WEIGHT",
       .summary = "set a server's share; 0 takes no requests",
       .example = "fairleadctl server weight web/w1 50 --comment=\"canary\"",
       .flags = WithWriteFlags({}),
       .run = SetWeight},
      {.name = "server drain",
       .arguments = "BACKEND/SERVER...",
       .summary = "let servers finish what they have and take nothing new",
       .example = "fairleadctl server drain web/w1",
       .flags = WithWriteFlags({}),
       .run = SetAdminState<v1::Server::DRAIN>},
      {.name = "server ready",
       .arguments = "BACKEND/SERVER...",
       .summary = "let servers take requests again, if their health allows",
       .example = "fairleadctl server ready web/w1",
       .flags = WithWriteFlags({}),
       .run = SetAdminState<v1::Server::READY>},
      {.name = "server maint",
       .arguments = "BACKEND/SERVER...",
       .summary = "close servers' connections, those in use too",
       .example = "fairleadctl server maint web/w1 --dry_run",
       .flags = WithWriteFlags({}),
       .run = SetAdminState<v1::Server::MAINT>},
  };
}

}  // namespace fairlead::ctl
