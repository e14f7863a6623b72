#include "ctl/resource_kind.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "api/yaml/concat.h"
#include "api/yaml/yaml.h"

namespace fairlead::ctl {
namespace {

// Selection.

template <typename Resources>
void CopyById(const Resources& from, std::string_view id, Resources& to) {
  for (const auto& resource : from) {
    if (id.empty() || resource.id() == id) *to.Add() = resource;
  }
}

v1::Snapshot SelectListeners(const v1::Snapshot& state, std::string_view id) {
  v1::Snapshot selected;
  CopyById(state.listeners(), id, *selected.mutable_listeners());
  return selected;
}

v1::Snapshot SelectRouteTables(const v1::Snapshot& state, std::string_view id) {
  v1::Snapshot selected;
  CopyById(state.route_tables(), id, *selected.mutable_route_tables());
  return selected;
}

v1::Snapshot SelectBackends(const v1::Snapshot& state, std::string_view id) {
  v1::Snapshot selected;
  CopyById(state.backends(), id, *selected.mutable_backends());
  return selected;
}

v1::Snapshot SelectCertificates(const v1::Snapshot& state, std::string_view id) {
  v1::Snapshot selected;
  CopyById(state.certificates(), id, *selected.mutable_certificates());
  return selected;
}

v1::Snapshot SelectTrustBundles(const v1::Snapshot& state, std::string_view id) {
  v1::Snapshot selected;
  CopyById(state.trust_bundles(), id, *selected.mutable_trust_bundles());
  return selected;
}

v1::Snapshot SelectTicketKeys(const v1::Snapshot& state, std::string_view id) {
  v1::Snapshot selected;
  CopyById(state.ticket_keys(), id, *selected.mutable_ticket_keys());
  return selected;
}

v1::Snapshot SelectReporters(const v1::Snapshot& state, std::string_view id) {
  v1::Snapshot selected;
  CopyById(state.reporters(), id, *selected.mutable_reporters());
  return selected;
}

v1::Snapshot SelectScopes(const v1::Snapshot& state, std::string_view id) {
  v1::Snapshot selected;
  CopyById(state.scopes(), id, *selected.mutable_scopes());
  return selected;
}

// Whether BACKEND or BACKEND/SERVER, or nothing, names this server.
bool Names(std::string_view id, std::string_view backend, std::string_view server) {
  return id.empty() || id == backend || id == api::Concat(backend, "/", server);
}

v1::Snapshot SelectServers(const v1::Snapshot& state, std::string_view id) {
  v1::Snapshot selected;
  for (const v1::Backend& backend : state.backends()) {
    v1::Backend some;
    some.set_id(backend.id());
    for (const v1::Server& server : backend.servers()) {
      if (Names(id, backend.id(), server.id())) *some.add_servers() = server;
    }
    if (some.servers_size() > 0) *selected.add_backends() = std::move(some);
  }
  return selected;
}

v1::Snapshot SelectHealth(const v1::Snapshot& state, std::string_view id) {
  v1::Snapshot selected;
  for (const v1::HealthState& health : state.health()) {
    if (Names(id, health.backend(), health.server())) *selected.add_health() = health;
  }
  return selected;
}

// Tables.

Table ListenerTable(const v1::Snapshot& state) {
  Table table({{"LISTENER"}, {"ADDRESS"}, {"PROTOCOL"}, {"TARGET"}});
  for (const v1::Listener& listener : state.listeners()) {
    const bool tcp = listener.has_tcp();
    const std::string protocol = tcp ? "tcp" : listener.has_tls() ? "https" : "http";
    table.AddRow(
        {listener.id(), listener.address(), protocol, tcp ? listener.tcp().backend() : listener.http().route_table()});
  }
  return table;
}

std::string Describe(const v1::RouteMatch& match) {
  const bool path_alone = match.ByteSizeLong() > 0 && match.path_regex().empty() && match.methods().empty() &&
                          match.headers().empty() && match.query().empty() && match.source_networks().empty();
  if (match.ByteSizeLong() == 0) return "any";
  if (!path_alone) return api::ToYaml(match, {.one_line = true});
  return match.path_prefix().empty() ? match.path() : api::Concat(match.path_prefix(), "*");
}

// Where a rule sends requests: "web", "api-v1:90 api-v2:10", "redirect /new".
std::string DescribeTarget(const v1::RouteRule& rule) {
  if (rule.has_redirect()) return api::Concat("redirect ", rule.redirect().path());
  if (rule.has_respond()) return api::Concat("respond ", rule.respond().status());
  if (rule.backends_size() == 1) return rule.backends(0).backend();
  std::vector<std::string> backends;
  for (const v1::WeightedBackend& backend : rule.backends()) {
    backends.push_back(api::Concat(backend.backend(), ":", backend.has_weight() ? backend.weight() : 1));
  }
  return api::Join(backends, " ");
}

Table RouteTableTable(const v1::Snapshot& state) {
  Table table({{"ROUTE_TABLE"}, {"VIRTUAL_HOST"}, {"DOMAINS"}, {"RULE"}, {"MATCH"}, {"TARGET"}});
  for (const v1::RouteTable& routes : state.route_tables()) {
    if (routes.virtual_hosts().empty()) table.AddRow({routes.id()});
    for (const v1::VirtualHost& host : routes.virtual_hosts()) {
      const std::string domains = api::Join(host.domains(), " ");
      if (host.rules().empty()) table.AddRow({routes.id(), host.id(), domains});
      for (const v1::RouteRule& rule : host.rules()) {
        table.AddRow({routes.id(), host.id(), domains, rule.id(), Describe(rule.match()), DescribeTarget(rule)});
      }
    }
  }
  return table;
}

Table BackendTable(const v1::Snapshot& state) {
  Table table({{"BACKEND"}, {"SERVERS", Align::kRight}, {"READY", Align::kRight}, {"POLICY"}, {"PROTOCOL"}});
  for (const v1::Backend& backend : state.backends()) {
    const auto ready = std::count_if(backend.servers().begin(), backend.servers().end(), [](const v1::Server& server) {
      return server.admin_state() == v1::Server::READY;
    });
    table.AddRow({backend.id(), api::Concat(backend.servers_size()), api::Concat(ready),
                  v1::LoadBalancing::Policy_Name(backend.load_balancing().policy()),
                  v1::Backend::Protocol_Name(backend.protocol())});
  }
  return table;
}

std::string DescribeLabels(const v1::Server& server) {
  std::vector<std::string> labels;
  for (const auto& [key, value] : server.labels()) labels.push_back(api::Concat(key, "=", value));
  std::sort(labels.begin(), labels.end());
  return api::Join(labels, ",");
}

Table ServerTable(const v1::Snapshot& state) {
  Table table({{"SERVER"}, {"ADDRESS"}, {"WEIGHT", Align::kRight}, {"ADMIN_STATE"}, {"LABELS"}});
  for (const v1::Backend& backend : state.backends()) {
    for (const v1::Server& server : backend.servers()) {
      table.AddRow({api::Concat(backend.id(), "/", server.id()), server.address(),
                    api::Concat(server.has_weight() ? server.weight() : 1),
                    v1::Server::AdminState_Name(server.admin_state()), DescribeLabels(server)});
    }
  }
  return table;
}

Table HealthTable(const v1::Snapshot& state) {
  Table table({{"SERVER"}, {"STATUS"}, {"REASON"}});
  for (const v1::HealthState& health : state.health()) {
    table.AddRow({api::Concat(health.backend(), "/", health.server()), v1::Health::Status_Name(health.status()),
                  health.reason()});
  }
  return table;
}

const v1::CertificateStatus* FindStatus(const v1::StateReport& report, std::string_view certificate) {
  for (const v1::CertificateStatus& status : report.certificates()) {
    if (status.id() == certificate) return &status;
  }
  return nullptr;
}

Table CertificateTable(const v1::StateReport& report) {
  Table table({{"CERTIFICATE"}, {"NAMES"}, {"KEY"}, {"EXPIRES"}});
  for (const v1::Certificate& certificate : report.config().certificates()) {
    const v1::CertificateStatus* status = FindStatus(report, certificate.id());
    if (status == nullptr) {
      table.AddRow({certificate.id(), "", "", ""});
      continue;
    }
    const std::string names = api::Join(std::vector<std::string>(status->names().begin(), status->names().end()), ",");
    table.AddRow(
        {certificate.id(), names.empty() ? status->subject() : names, status->key(),
         absl::FormatTime("%Y-%m-%d %H:%M UTC", absl::FromUnixSeconds(status->not_after()), absl::UTCTimeZone())});
  }
  return table;
}

Table TrustBundleTable(const v1::Snapshot& state) {
  Table table({{"TRUST_BUNDLE"}});
  for (const v1::TrustBundle& bundle : state.trust_bundles()) table.AddRow({bundle.id()});
  return table;
}

// By key: which of them makes tickets, and from when others will.
Table TicketKeysTable(const v1::StateReport& report) {
  Table table({{"TICKET_KEYS"}, {"KEY"}, {"NOT_BEFORE"}, {"MAKES_TICKETS"}});
  for (const v1::TicketKeys& keys : report.config().ticket_keys()) {
    const auto status = std::ranges::find(report.ticket_keys(), keys.id(), &v1::TicketKeysStatus::id);
    if (status == report.ticket_keys().end()) {
      table.AddRow({keys.id(), "", "", ""});
      continue;
    }
    for (const v1::TicketKeysStatus::Key& key : status->keys()) {
      const absl::Time begin = absl::FromUnixMillis(key.not_before_ms());
      table.AddRow(
          {keys.id(), key.name(),
           key.not_before_ms() == 0 ? "" : absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", begin, absl::UTCTimeZone()),
           key.makes_tickets() ? "yes" : "no"});
    }
  }
  return table;
}

// "spiffe://a, uid 5, a token".
std::string Describe(const google::protobuf::RepeatedPtrField<v1::Identity>& identities) {
  std::vector<std::string> names;
  for (const v1::Identity& identity : identities) {
    if (identity.has_certificate_name()) names.push_back(identity.certificate_name());
    if (identity.has_token_sha256()) names.emplace_back("a token");
    if (identity.has_unix_uid()) names.push_back(api::Concat("uid ", identity.unix_uid()));
  }
  return api::Join(names, ", ");
}

Table ReportersTable(const v1::Snapshot& state) {
  Table table({{"REPORTER"}, {"IDENTITIES"}, {"DOMAIN"}, {"WEIGHT", Align::kRight}, {"BACKENDS"}});
  for (const v1::Reporter& reporter : state.reporters()) {
    const std::vector<std::string> backends(reporter.backends().begin(), reporter.backends().end());
    table.AddRow({reporter.id(), Describe(reporter.identities()),
                  reporter.failure_domain().empty() ? reporter.id() : reporter.failure_domain(),
                  api::Concat(reporter.weight() == 0 ? 1 : reporter.weight()), api::Join(backends, ",")});
  }
  return table;
}

// "WEIGHTS shop-*, HEALTH *".
std::string Describe(const google::protobuf::RepeatedPtrField<v1::Permission>& permissions) {
  std::vector<std::string> texts;
  for (const v1::Permission& permission : permissions) {
    texts.push_back(api::Concat(v1::Permission::Kind_Name(permission.kind()), " ", permission.id_prefix(), "*"));
  }
  return texts.empty() ? "nothing" : api::Join(texts, ", ");
}

Table ScopesTable(const v1::Snapshot& state) {
  Table table({{"SCOPE"}, {"IDENTITIES"}, {"MAY_CHANGE"}});
  for (const v1::Scope& scope : state.scopes()) {
    std::string who = Describe(scope.identities());
    if (scope.everyone_else()) who = who.empty() ? "everyone else" : api::Concat(who, ", everyone else");
    table.AddRow({scope.id(), who, Describe(scope.permissions())});
  }
  return table;
}

// A table for which the resources alone are enough.
template <Table (*kTable)(const v1::Snapshot&)>
Table OfConfig(const v1::StateReport& report) {
  return kTable(report.config());
}

}  // namespace

std::vector<ResourceKind> ResourceKinds() {
  return {{"listeners", SelectListeners, OfConfig<ListenerTable>},
          {"route_tables", SelectRouteTables, OfConfig<RouteTableTable>},
          {"backends", SelectBackends, OfConfig<BackendTable>},
          {"servers", SelectServers, OfConfig<ServerTable>},
          {"health", SelectHealth, OfConfig<HealthTable>},
          {"certificates", SelectCertificates, CertificateTable},
          {"trust_bundles", SelectTrustBundles, OfConfig<TrustBundleTable>},
          {"ticket_keys", SelectTicketKeys, TicketKeysTable},
          {"reporters", SelectReporters, OfConfig<ReportersTable>},
          {"scopes", SelectScopes, OfConfig<ScopesTable>}};
}

}  // namespace fairlead::ctl
