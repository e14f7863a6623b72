#include "ctl/watch_view.h"

#include <string_view>

#include "api/diff/describe.h"
#include "api/diff/diff.h"
#include "api/yaml/concat.h"
#include "ctl/printable.h"

namespace fairlead::ctl {
namespace {

// "3 backends"
std::string Count(int64_t count, std::string_view noun) { return api::Concat(count, " ", noun, count == 1 ? "" : "s"); }

// "server web/w1" of "upsert server web/w1 {…}": ids have neither spaces nor braces. Health is "health of web/w1".
std::string NameIn(std::string_view description) { return std::string(description.substr(0, description.find(" {"))); }

std::string Describe(const v1::ServerStatus& status) {
  std::string line = v1::Health::Status_Name(status.health());
  if (status.admin_state() != v1::Server::READY) {
    api::Append(line, ", ", v1::Server::AdminState_Name(status.admin_state()));
  }
  if (!status.eligible()) line += ", not eligible";
  if (!status.decided_by().empty()) api::Append(line, ", by ", status.decided_by());
  if (!status.reason().empty()) api::Append(line, ": ", status.reason());
  return line;
}

std::string NameOf(const v1::RemovedResource& removed) {
  switch (removed.kind()) {
    case v1::RemovedResource::LISTENER:
      return api::Concat("listener ", removed.id());
    case v1::RemovedResource::ROUTE_TABLE:
      return api::Concat("route table ", removed.id());
    case v1::RemovedResource::BACKEND:
      return api::Concat("backend ", removed.id().empty() ? removed.backend() : removed.id());
    case v1::RemovedResource::SERVER:
      return api::Concat("server ", removed.backend(), "/", removed.id());
    case v1::RemovedResource::HEALTH:
      return api::Concat("health of ", removed.backend(), "/", removed.id());
    case v1::RemovedResource::CERTIFICATE:
      return api::Concat("certificate ", removed.id());
    case v1::RemovedResource::TRUST_BUNDLE:
      return api::Concat("trust bundle ", removed.id());
    case v1::RemovedResource::TICKET_KEYS:
      return api::Concat("ticket keys ", removed.id());
    default:
      return api::Concat("resource ", removed.id());
  }
}

}  // namespace

std::string WatchView::Show(const v1::StateReport& report) {
  if (!report.incremental()) return ShowWhole(report);
  std::string lines;
  if (report.revision() != revision_) api::Append(lines, "revision ", report.revision(), "\n");
  revision_ = report.revision();
  lines += ShowConfig(report.config());
  for (const v1::RemovedResource& removed : report.removed()) lines += ShowRemoved(removed);
  for (const v1::ServerStatus& status : report.servers()) lines += ShowServer(status);
  return lines;
}

std::string WatchView::ShowWhole(const v1::StateReport& report) {
  resources_.clear();
  servers_.clear();
  revision_ = report.revision();
  ShowConfig(report.config());
  for (const v1::ServerStatus& status : report.servers()) ShowServer(status);

  int64_t servers = 0;
  for (const v1::Backend& backend : report.config().backends()) servers += backend.servers_size();
  return api::Concat("revision ", revision_, ": ", Count(report.config().listeners_size(), "listener"), ", ",
                     Count(report.config().route_tables_size(), "route table"), ", ",
                     Count(report.config().backends_size(), "backend"), ", ", Count(servers, "server"), "\n");
}

std::string WatchView::ShowConfig(const v1::Snapshot& config) {
  std::string lines;
  for (const v1::Operation& operation : api::Diff(v1::Snapshot(), config)) {
    const std::string line = api::DescribeOperation(operation);
    // Without "upsert" or "set": the sign says it.
    const std::string description = line.substr(line.find(' ') + 1);
    lines += ShowResource(NameIn(description), description);
  }
  return lines;
}

std::string WatchView::ShowResource(const std::string& name, const std::string& description) {
  const auto [known, added] = resources_.emplace(name, description);
  if (!added && known->second == description) return "";
  known->second = description;
  return api::Concat(added ? "  + " : "  ~ ", Printable(description), "\n");
}

std::string WatchView::ShowRemoved(const v1::RemovedResource& removed) {
  const std::string name = NameOf(removed);
  resources_.erase(name);
  if (removed.kind() == v1::RemovedResource::SERVER) servers_.erase(api::Concat(removed.backend(), "/", removed.id()));
  return api::Concat("  - ", Printable(name), "\n");
}

std::string WatchView::ShowServer(const v1::ServerStatus& status) {
  const std::string name = api::Concat(status.backend(), "/", status.server());
  const std::string description = Describe(status);
  std::string& known = servers_[name];
  if (known == description) return "";
  known = description;
  return api::Concat(Printable(name), " is ", Printable(description), "\n");
}

}  // namespace fairlead::ctl
