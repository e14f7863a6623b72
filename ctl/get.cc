#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "api/yaml/concat.h"
#include "api/yaml/nearest_name.h"
#include "ctl/commands.h"
#include "ctl/requests.h"
#include "ctl/resource_kind.h"
#include "ctl/revision_number.h"

namespace fairlead::ctl {
namespace {

constexpr std::string_view kUsage = "get [KIND [ID]]";

// The kinds that the words ask for: one, or all.
absl::StatusOr<std::vector<ResourceKind>> ChooseKinds(const std::vector<std::string>& words) {
  if (words.empty()) return ResourceKinds();
  std::vector<std::string_view> names;
  for (const ResourceKind& kind : ResourceKinds()) {
    if (kind.name == words[0]) return std::vector<ResourceKind>{kind};
    names.push_back(kind.name);
  }
  return absl::InvalidArgumentError(api::Concat("unknown kind \"", words[0], "\";", api::DidYouMean(words[0], names),
                                                " known: ", api::Join(names, ", ")));
}

// Asks for no more than needed: of one backend of many, not the others' servers.
v1::StateFilter FilterOf(const std::vector<ResourceKind>& kinds, std::string_view id) {
  v1::StateFilter filter;
  filter.set_without_status(true);
  const bool in_a_backend = kinds.size() == 1 && (kinds[0].name == "backends" || kinds[0].name == "servers");
  if (in_a_backend && !id.empty()) filter.add_backends(std::string(id.substr(0, id.find('/'))));
  return filter;
}

void PrintTables(const std::vector<ResourceKind>& kinds, const v1::StateReport& report, std::ostream& out) {
  bool first = true;
  for (const ResourceKind& kind : kinds) {
    const Table table = kind.table(report);
    // Of all kinds, those that there are; of one, its header in any case.
    if (table.empty() && kinds.size() > 1) continue;
    if (!first) out << "\n";
    first = false;
    table.Print(out);
  }
}

// Of certificates among the resources that are shown.
void WarnOfExpiry(const v1::StateReport& report, std::ostream& err) {
  constexpr absl::Duration kTimeToAct = absl::Hours(24 * 30);
  const absl::Time now = absl::Now();
  for (const v1::CertificateStatus& status : report.certificates()) {
    const bool shown = std::ranges::any_of(report.config().certificates(),
                                           [&](const v1::Certificate& one) { return one.id() == status.id(); });
    const absl::Duration left = absl::FromUnixSeconds(status.not_after()) - now;
    if (!shown || left > kTimeToAct) continue;
    const auto days = absl::ToInt64Hours(left) / 24;
    err << "certificate " << status.id();
    if (left <= absl::ZeroDuration()) {
      err << " has expired\n";
    } else {
      err << " expires in " << days << (days == 1 ? " day\n" : " days\n");
    }
  }
}

// What is served, or was at --revision.
absl::StatusOr<v1::StateReport> GetReport(const Invocation& invocation, const std::vector<ResourceKind>& kinds,
                                          std::string_view id) {
  std::optional<uint64_t> revision;
  if (invocation.arguments.Has("revision")) {
    const absl::StatusOr<uint64_t> parsed = ParseRevision(invocation.arguments.Get("revision", ""));
    if (!parsed.ok()) return parsed.status();
    revision = *parsed;
  }
  const absl::StatusOr<std::unique_ptr<Connection>> connection = Connection::Open(invocation.proxy);
  if (!connection.ok()) return connection.status();
  if (!revision) return GetState(**connection, FilterOf(kinds, id));
  absl::StatusOr<v1::Snapshot> config = GetRevision(**connection, *revision);
  if (!config.ok()) return config.status();
  v1::StateReport report;
  *report.mutable_config() = *std::move(config);
  return report;
}

absl::StatusOr<ExitCode> Run(const Invocation& invocation) {
  const absl::Status counted = CheckWordCount(invocation, kUsage, 0, 2);
  if (!counted.ok()) return counted;
  const absl::StatusOr<std::vector<ResourceKind>> kinds = ChooseKinds(invocation.words);
  if (!kinds.ok()) return kinds.status();
  const std::string id = invocation.words.size() == 2 ? invocation.words[1] : "";

  const absl::StatusOr<v1::StateReport> report = GetReport(invocation, *kinds, id);
  if (!report.ok()) return report.status();

  v1::Snapshot selected = report->config();
  if (kinds->size() == 1) {
    selected = kinds->front().select(report->config(), id);
    const bool missing = !id.empty() && selected.ByteSizeLong() == 0;
    if (missing) return absl::NotFoundError(api::Concat("no ", id, " among the ", kinds->front().name));
  }
  if (invocation.format != OutputFormat::kTable) {
    const absl::Status printed = PrintMessage(selected, invocation.format, {}, invocation.environment.out);
    if (!printed.ok()) return printed;
  } else {
    v1::StateReport shown = *report;
    *shown.mutable_config() = std::move(selected);
    PrintTables(*kinds, shown, invocation.environment.out);
    WarnOfExpiry(shown, invocation.environment.err);
  }
  return ExitCode::kDone;
}

}  // namespace

Command GetCommand() {
  return {.name = "get",
          .arguments = "[KIND [ID]]",
          .summary =
              "what the proxy was told: all, or the listeners, route_tables, backends, servers, health, certificates, "
              "trust_bundles, ticket_keys, reporters, scopes",
          .example = "fairleadctl get servers web -o yaml",
          .flags = {{.name = "revision", .value = "R", .help = "as it was then (default: now)"}},
          .run = Run};
}

}  // namespace fairlead::ctl
