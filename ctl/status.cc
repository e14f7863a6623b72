#include <string>

#include "api/yaml/concat.h"
#include "ctl/commands.h"
#include "ctl/printable.h"
#include "ctl/requests.h"
#include "ctl/table.h"

namespace fairlead::ctl {
namespace {

void PrintProxy(const v1::Hello& hello, const v1::StateReport& report, std::ostream& out) {
  Table table({{"NODE"}, {"ZONE"}, {"VERSION"}, {"REVISION", Align::kRight}, {"FINGERPRINT"}});
  table.AddRow({hello.node_id(), hello.zone(), hello.version(), api::Concat(report.revision()), report.fingerprint()});
  table.Print(out);
}

void PrintTrial(const v1::StateReport& report, std::ostream& out) {
  if (!report.has_unconfirmed()) return;
  const v1::HistoryEntry& entry = report.unconfirmed();
  out << "\nrevision " << entry.revision() << ", by transaction " << Printable(entry.transaction_id()) << " of "
      << Printable(entry.author().empty() ? entry.source() : entry.author()) << ", is on trial";
  if (entry.trial_error().empty()) {
    out << " for another " << PrintableSpan(entry.trial_ends_in_ms()) << "\n";
  } else {
    out << " and can't be changed back: " << Printable(entry.trial_error()) << "\n";
  }
}

void PrintPrepared(const v1::StateReport& report, std::ostream& out) {
  if (!report.has_prepared()) return;
  const v1::Prepared& prepared = report.prepared();
  out << "\ntransaction " << Printable(prepared.transaction_id());
  if (!prepared.author().empty()) out << " of " << Printable(prepared.author());
  out << " (from " << Printable(prepared.source()) << ") is prepared, and ";
  if (prepared.commit_at_us() != 0) {
    out << "is switched to at " << PrintableTime(static_cast<int64_t>(prepared.commit_at_us() / 1'000)) << "\n";
  } else {
    out << "held until " << PrintableTime(static_cast<int64_t>(prepared.held_until_ms())) << "\n";
  }
}

void PrintSaving(const v1::StateReport& report, std::ostream& out) {
  if (!report.has_saving()) return;
  const v1::SavingStatus& saving = report.saving();
  if (saving.saved_revision() == report.revision() && saving.error().empty()) return;
  out << "\non disk: revision " << saving.saved_revision() << ", in " << saving.good_copies() << " of 2 files";
  if (!saving.error().empty()) out << "; " << Printable(saving.error());
  out << "\n";
}

void PrintListeners(const v1::StateReport& report, std::ostream& out) {
  Table table({{"LISTENER"}, {"ADDRESS"}, {"CONNECTIONS", Align::kRight}});
  for (const v1::ListenerStatus& listener : report.listeners()) {
    const std::string address = listener.error().empty() ? listener.bound_address() : "not bound: " + listener.error();
    table.AddRow({listener.id(), address, api::Concat(listener.open_connections())});
  }
  if (table.empty()) return;
  out << "\n";
  table.Print(out);
}

// How much of a limit is used; 0 is none.
std::string OfLimit(uint32_t used, uint32_t limit) {
  return limit == 0 ? api::Concat(used) : api::Concat(used, "/", limit);
}

// Those where requests wait, or may, or whose servers' health is not looked at.
void PrintBackends(const v1::StateReport& report, std::ostream& out) {
  Table table({{"BACKEND"}, {"WAITING", Align::kRight}, {"PANIC"}});
  for (const v1::BackendStatus& backend : report.backends()) {
    if (backend.queue_length() == 0 && backend.waiting() == 0 && !backend.panic()) continue;
    table.AddRow({backend.id(), OfLimit(backend.waiting(), backend.queue_length()), backend.panic() ? "yes" : "no"});
  }
  if (table.empty()) return;
  out << "\n";
  table.Print(out);
}

void PrintServers(const v1::StateReport& report, std::ostream& out) {
  Table table({{"SERVER"},
               {"ADMIN_STATE"},
               {"HEALTH"},
               {"ELIGIBLE"},
               {"WEIGHT", Align::kRight},
               {"ACTIVE", Align::kRight},
               {"CONNECTIONS", Align::kRight},
               {"TOTAL", Align::kRight},
               {"BY"},
               {"SINCE", Align::kRight},
               {"EXPIRES", Align::kRight},
               {"REASON"}});
  for (const v1::ServerStatus& server : report.servers()) {
    table.AddRow({api::Concat(server.backend(), "/", server.server()),
                  v1::Server::AdminState_Name(server.admin_state()), v1::Health::Status_Name(server.health()),
                  server.eligible() ? "yes" : "no", api::Concat(server.weight()),
                  OfLimit(server.active_requests(), server.max_requests()),
                  OfLimit(server.open_connections(), server.max_connections()), api::Concat(server.total_requests()),
                  server.decided_by(), PrintableSpan(server.since_ms()),
                  server.expires_in_ms() == 0 ? "" : PrintableSpan(server.expires_in_ms()), server.reason()});
  }
  if (table.empty()) return;
  out << "\n";
  table.Print(out);
}

void PrintWorkers(const v1::StateReport& report, std::ostream& out) {
  Table table({{"WORKER", Align::kRight},
               {"REVISION", Align::kRight},
               {"CONNECTIONS", Align::kRight},
               {"REQUESTS", Align::kRight}});
  for (const v1::WorkerStatus& worker : report.workers()) {
    table.AddRow({api::Concat(worker.index()), api::Concat(worker.revision()), api::Concat(worker.open_connections()),
                  api::Concat(worker.active_requests())});
  }
  if (table.empty()) return;
  out << "\n";
  table.Print(out);
}

absl::StatusOr<ExitCode> Run(const Invocation& invocation) {
  const absl::Status counted = CheckWordCount(invocation, "status [BACKEND]", 0, 1);
  if (!counted.ok()) return counted;
  v1::StateFilter filter;
  filter.set_without_config(true);
  for (const std::string& backend : invocation.words) filter.add_backends(backend);

  const absl::StatusOr<std::unique_ptr<Connection>> connection = Connection::Open(invocation.proxy);
  if (!connection.ok()) return connection.status();
  const absl::StatusOr<v1::StateReport> report = GetState(**connection, filter);
  if (!report.ok()) return report.status();
  const bool missing = !invocation.words.empty() && report->servers().empty();
  if (missing) return absl::NotFoundError(api::Concat("no backend \"", invocation.words[0], "\" with a server"));

  std::ostream& out = invocation.environment.out;
  if (invocation.format != OutputFormat::kTable) {
    const absl::Status printed = PrintMessage(*report, invocation.format, {.print_defaults = true}, out);
    if (!printed.ok()) return printed;
    return ExitCode::kDone;
  }
  PrintProxy((*connection)->hello(), *report, out);
  PrintTrial(*report, out);
  PrintPrepared(*report, out);
  PrintSaving(*report, out);
  PrintListeners(*report, out);
  PrintBackends(*report, out);
  PrintServers(*report, out);
  PrintWorkers(*report, out);
  return ExitCode::kDone;
}

}  // namespace

Command StatusCommand() {
  return {.name = "status",
          .arguments = "[BACKEND]",
          .summary = "how it fares: servers with their health, why, by whom and since when; listeners; workers",
          .example = "fairleadctl status web",
          .flags = {},
          .run = Run};
}

}  // namespace fairlead::ctl
