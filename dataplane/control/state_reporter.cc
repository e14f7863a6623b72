#include "dataplane/control/state_reporter.h"

#include <memory>
#include <utility>

#include "api/fingerprint/fingerprint.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/base/unix_time.h"
#include "dataplane/control/conversion_to_proto.h"
#include "dataplane/control/explanation_report.h"
#include "dataplane/control/secrets.h"
#include "dataplane/control/slot_access.h"
#include "dataplane/health/quote.h"
#include "dataplane/net/listening_socket.h"
#include "dataplane/routing/router.h"
#include "dataplane/tls/ticket_keys.h"

namespace fairlead::control {
namespace {

void AddRemoved(v1::RemovedResource::Kind kind, const std::string& backend, const std::string& id,
                v1::StateReport& report) {
  v1::RemovedResource& removed = *report.add_removed();
  removed.set_kind(kind);
  removed.set_backend(backend);
  removed.set_id(id);
}

}  // namespace

ReportFilter::ReportFilter(const v1::StateFilter& filter)
    : config_(!filter.without_config()),
      status_(!filter.without_status()),
      backends_(filter.backends().begin(), filter.backends().end()) {}

ReportFilter ReportFilter::ForResourcesWithSecrets() {
  v1::StateFilter resources;
  resources.set_without_status(true);
  ReportFilter filter(resources);
  filter.secrets_ = true;
  return filter;
}

bool ReportFilter::HasBackend(std::string_view id) const {
  return backends_.empty() || backends_.contains(base::ToAbsl(id));
}

StateReporter::StateReporter(const Store* store, const health::HealthTable* health, const event::TimerWheel* clock,
                             GetWorkers get_workers, GetListenerConnections get_listener_connections)
    : store_(store),
      health_(health),
      clock_(clock),
      get_workers_(std::move(get_workers)),
      get_listener_connections_(std::move(get_listener_connections)) {}

v1::StateReport StateReporter::Begin(const ReportFilter& filter) {
  v1::StateReport report;
  report.set_revision(store_->snapshot()->revision);
  report.set_fingerprint(api::Fingerprint(store_->fingerprint()).ToHex());
  if (!filter.status()) return report;
  uint32_t index = 0;
  for (const WorkerStatus& worker : get_workers_()) {
    v1::WorkerStatus& status = *report.add_workers();
    status.set_index(index++);
    status.set_revision(worker.revision);
    status.set_open_connections(worker.open_connections);
    status.set_active_requests(worker.active_requests);
  }
  return report;
}

void StateReporter::AddListenerStatus(const config::Listener& listener, v1::StateReport& report) {
  v1::ListenerStatus& status = *report.add_listeners();
  status.set_id(listener.id);
  if (listener.sockets->bound()) {
    status.set_bound_address(listener.bound_address.ToString());
  } else {
    status.set_error(listener.sockets->error);
  }
  status.set_open_connections(get_listener_connections_(listener.id));
}

void StateReporter::AddCertificate(config::CertificateSlot slot, const ReportFilter& filter,
                                   v1::StateReport& report) const {
  v1::Certificate& certificate = *report.mutable_config()->add_certificates();
  certificate = store_->certificate_message(slot);
  if (!filter.secrets()) LeaveOutSecrets(certificate);
}

void StateReporter::AddCertificateStatus(const config::Certificate& certificate, v1::StateReport& report) const {
  const tls::Certificate& is = *certificate.tls;
  v1::CertificateStatus& status = *report.add_certificates();
  status.set_id(certificate.id);
  status.set_subject(is.subject());
  status.set_issuer(is.issuer());
  for (const std::string& name : is.dns_names()) status.add_names(name);
  status.set_key(is.key_kind() == tls::Certificate::KeyKind::kRsa ? "RSA" : "ECDSA");
  status.set_fingerprint(is.fingerprint());
  status.set_not_before(is.not_before());
  status.set_not_after(is.not_after());
  if (!is.ocsp_response().empty()) status.set_ocsp_not_after(is.ocsp_not_after());
}

void StateReporter::AddTicketKeys(config::TicketKeysSlot slot, const ReportFilter& filter,
                                  v1::StateReport& report) const {
  if (filter.config()) {
    v1::TicketKeys& keys = *report.mutable_config()->add_ticket_keys();
    keys = store_->ticket_keys_message(slot);
    if (!filter.secrets()) LeaveOutSecrets(keys);
  }
  const config::TicketKeys& is = *store_->snapshot()->ticket_keys[slot];
  v1::TicketKeysStatus& status = *report.add_ticket_keys();
  status.set_id(is.id);
  for (const tls::GivenTicketKeys::About& key : is.tls->Describe(base::UnixMillis())) {
    v1::TicketKeysStatus::Key& told = *status.add_keys();
    told.set_name(key.name);
    told.set_not_before_ms(key.not_before_ms);
    told.set_makes_tickets(key.makes_tickets);
  }
}

void StateReporter::AddServer(config::BackendSlot backend, config::ServerSlot slot, const config::Server& server,
                              v1::Backend& to) const {
  const v1::Server* message = store_->FindServerMessage(backend, slot);
  *to.add_servers() = message == nullptr ? ToProto(server) : *message;
}

void StateReporter::AddBackendStatus(const config::Backend& backend, v1::StateReport& report) const {
  v1::BackendStatus& status = *report.add_backends();
  status.set_id(backend.settings->id);
  status.set_waiting(backend.admission->waiting.load(std::memory_order_relaxed));
  status.set_queue_length(backend.settings->queue_length);
  status.set_panic(backend.admission->in_panic());
}

void StateReporter::AddServerStatus(const config::Backend& backend, const config::Server& server,
                                    v1::StateReport& report) const {
  v1::ServerStatus& status = *report.add_servers();
  status.set_backend(backend.settings->id);
  status.set_server(server.id);
  status.set_admin_state(ToProto(server.admin_state));
  status.set_health(ToProto(server.health));
  status.set_eligible(server.IsEligible(backend.settings->unknown_is_eligible));
  status.set_weight(server.weight);
  status.set_active_requests(server.counters->active_requests.load(std::memory_order_relaxed));
  status.set_open_connections(server.counters->open_connections.load(std::memory_order_relaxed));
  if (server.max_requests() != config::kNoLimit) status.set_max_requests(server.max_requests());
  if (server.max_connections() != config::kNoLimit) status.set_max_connections(server.max_connections());
  status.set_total_requests(metrics::Sum(*server.counters, &metrics::UpstreamCounters::requests));

  const health::Decision decision = *health_->Find(backend.settings->id, server.id);
  status.set_decided_by(decision.decided_by);
  status.set_reason(decision.reason);
  const uint64_t now = clock_->now_ms();
  status.set_since_ms(now - decision.since_ms);
  if (decision.expires_ms > now) status.set_expires_in_ms(decision.expires_ms - now);
}

v1::StateReport StateReporter::ReportAll(const ReportFilter& filter) {
  v1::StateReport report = Begin(filter);
  const config::Snapshot& snapshot = *store_->snapshot();
  snapshot.listeners.ForEach([&](size_t slot, const std::shared_ptr<const config::Listener>& listener) {
    if (listener == nullptr) return;
    if (filter.config()) *report.mutable_config()->add_listeners() = store_->listener_message(slot);
    if (filter.status()) AddListenerStatus(*listener, report);
  });
  snapshot.route_tables.ForEach([&](size_t slot, const std::shared_ptr<const routing::Router>& table) {
    if (table == nullptr || !filter.config()) return;
    *report.mutable_config()->add_route_tables() = store_->route_table_message(slot);
  });
  snapshot.certificates.ForEach([&](size_t slot, const std::shared_ptr<const config::Certificate>& certificate) {
    if (certificate == nullptr) return;
    if (filter.config()) AddCertificate(static_cast<config::CertificateSlot>(slot), filter, report);
    AddCertificateStatus(*certificate, report);
  });
  snapshot.trust_bundles.ForEach([&](size_t slot, const std::shared_ptr<const config::TrustBundle>& bundle) {
    if (bundle == nullptr || !filter.config()) return;
    *report.mutable_config()->add_trust_bundles() = store_->trust_bundle_message(slot);
  });
  snapshot.ticket_keys.ForEach([&](size_t slot, const std::shared_ptr<const config::TicketKeys>& keys) {
    if (keys != nullptr) AddTicketKeys(static_cast<config::TicketKeysSlot>(slot), filter, report);
  });
  if (filter.config()) {
    store_->reporters().ForEach(
        [&](std::string_view, const v1::Reporter& reporter) { *report.mutable_config()->add_reporters() = reporter; });
    store_->scope_messages().ForEach(
        [&](std::string_view, const v1::Scope& scope) { *report.mutable_config()->add_scopes() = scope; });
  }
  snapshot.backends.ForEach([&](size_t slot, const std::shared_ptr<const config::Backend>& backend) {
    if (backend == nullptr || !filter.HasBackend(backend->settings->id)) return;
    v1::Backend* message = nullptr;
    if (filter.config()) {
      message = report.mutable_config()->add_backends();
      *message = store_->backend_message(slot);
    }
    if (filter.status()) AddBackendStatus(*backend, report);
    backend->servers.ForEach([&](size_t server_slot, const config::ServerPtr& server) {
      if (server == nullptr) return;
      if (filter.config()) AddServer(slot, server_slot, *server, *message);
      if (filter.status()) AddServerStatus(*backend, *server, report);
      if (!filter.config()) return;
      if (const Store::HealthWord* word = store_->FindHealthWord(slot, server_slot)) {
        *report.mutable_config()->add_health() = *word->message;
      }
    });
  });
  return report;
}

v1::Explanation StateReporter::Explain(const std::string& backend, const std::string& server) const {
  v1::Explanation explanation;
  const std::optional<config::BackendSlot> slot = store_->backends().Find(backend);
  const std::optional<config::ServerSlot> server_slot = slot ? store_->servers(*slot).Find(server) : std::nullopt;
  if (server_slot) {
    const config::Backend& found = *store_->snapshot()->backends[*slot];
    const config::Server& is = *found.servers[*server_slot];
    explanation = ToProto(*health_->Explain(backend, server), clock_->now_ms());
    explanation.set_admin_state(ToProto(is.admin_state));
    explanation.set_weight(is.weight);
    explanation.set_eligible(is.IsEligible(found.settings->unknown_is_eligible));
  } else {
    explanation.set_error(
        slot ? base::StrCat("server ", health::Quote(base::StrCat(backend, "/", server)), ": no such server")
             : base::StrCat("backend ", health::Quote(backend), ": no such backend"));
  }
  explanation.set_backend(backend);
  explanation.set_server(server);
  explanation.set_revision(store_->snapshot()->revision);
  return explanation;
}

v1::StateReport StateReporter::ReportChanges(const config::Snapshot& before, const ChangeSet& changes,
                                             const ReportFilter& filter) {
  v1::StateReport report = Begin(filter);
  report.set_incremental(true);
  ReportListeners(before, changes, filter, report);
  if (filter.config()) ReportRouteTables(before, changes, report);
  ReportCertificates(before, changes, filter, report);
  ReportTrustBundles(before, changes, filter, report);
  ReportTicketKeys(before, changes, filter, report);
  for (config::BackendSlot slot : changes.backends()) {
    ReportBackend(At(before.backends, slot), slot, changes, filter, report);
  }
  if (filter.config()) ReportHealthWords(changes, filter, report);
  if (filter.config()) ReportReporters(changes, report);
  if (filter.config()) ReportScopes(changes, report);
  return report;
}

void StateReporter::ReportListeners(const config::Snapshot& before, const ChangeSet& changes,
                                    const ReportFilter& filter, v1::StateReport& report) {
  for (config::ListenerSlot slot : changes.listeners()) {
    const config::Listener* was = At(before.listeners, slot);
    const config::Listener* is = At(store_->snapshot()->listeners, slot);
    const bool same_listener = was != nullptr && is != nullptr && was->id == is->id;
    if (was != nullptr && !same_listener) AddRemoved(v1::RemovedResource::LISTENER, "", was->id, report);
    if (is == nullptr || was == is) continue;
    if (filter.config() && !(same_listener && was->digest == is->digest)) {
      *report.mutable_config()->add_listeners() = store_->listener_message(slot);
    }
    if (filter.status()) AddListenerStatus(*is, report);
  }
}

void StateReporter::ReportRouteTables(const config::Snapshot& before, const ChangeSet& changes,
                                      v1::StateReport& report) const {
  for (config::RouteTableSlot slot : changes.route_tables()) {
    const routing::Router* was = At(before.route_tables, slot);
    const routing::Router* is = At(store_->snapshot()->route_tables, slot);
    const bool same_table = was != nullptr && is != nullptr && was->table().id == is->table().id;
    if (was != nullptr && !same_table) AddRemoved(v1::RemovedResource::ROUTE_TABLE, "", was->table().id, report);
    if (is == nullptr || (same_table && was->table().digest == is->table().digest)) continue;
    *report.mutable_config()->add_route_tables() = store_->route_table_message(slot);
  }
}

void StateReporter::ReportCertificates(const config::Snapshot& before, const ChangeSet& changes,
                                       const ReportFilter& filter, v1::StateReport& report) const {
  for (config::CertificateSlot slot : changes.certificates()) {
    const config::Certificate* was = At(before.certificates, slot);
    const config::Certificate* is = At(store_->snapshot()->certificates, slot);
    const bool same = was != nullptr && is != nullptr && was->id == is->id;
    if (was != nullptr && !same) AddRemoved(v1::RemovedResource::CERTIFICATE, "", was->id, report);
    if (is == nullptr || (same && was->digest == is->digest)) continue;
    if (filter.config()) AddCertificate(slot, filter, report);
    AddCertificateStatus(*is, report);
  }
}

void StateReporter::ReportTrustBundles(const config::Snapshot& before, const ChangeSet& changes,
                                       const ReportFilter& filter, v1::StateReport& report) const {
  for (config::TrustBundleSlot slot : changes.trust_bundles()) {
    const config::TrustBundle* was = At(before.trust_bundles, slot);
    const config::TrustBundle* is = At(store_->snapshot()->trust_bundles, slot);
    const bool same = was != nullptr && is != nullptr && was->id == is->id;
    if (was != nullptr && !same) AddRemoved(v1::RemovedResource::TRUST_BUNDLE, "", was->id, report);
    if (is == nullptr || (same && was->digest == is->digest) || !filter.config()) continue;
    *report.mutable_config()->add_trust_bundles() = store_->trust_bundle_message(slot);
  }
}

void StateReporter::ReportTicketKeys(const config::Snapshot& before, const ChangeSet& changes,
                                     const ReportFilter& filter, v1::StateReport& report) const {
  for (config::TicketKeysSlot slot : changes.ticket_keys()) {
    const config::TicketKeys* was = At(before.ticket_keys, slot);
    const config::TicketKeys* is = At(store_->snapshot()->ticket_keys, slot);
    const bool same = was != nullptr && is != nullptr && was->id == is->id;
    if (was != nullptr && !same) AddRemoved(v1::RemovedResource::TICKET_KEYS, "", was->id, report);
    if (is == nullptr || (same && was->digest == is->digest)) continue;
    AddTicketKeys(slot, filter, report);
  }
}

void StateReporter::ReportBackend(const config::Backend* before, config::BackendSlot slot, const ChangeSet& changes,
                                  const ReportFilter& filter, v1::StateReport& report) const {
  const config::Backend* was = before;
  const config::Backend* is = At(store_->snapshot()->backends, slot);
  if (was != nullptr && !filter.HasBackend(was->settings->id)) was = nullptr;
  if (is != nullptr && !filter.HasBackend(is->settings->id)) is = nullptr;
  const bool same_backend = was != nullptr && is != nullptr && was->settings->id == is->settings->id;
  if (was != nullptr && !same_backend) AddRemoved(v1::RemovedResource::BACKEND, "", was->settings->id, report);

  if (is != nullptr && filter.status()) AddBackendStatus(*is, report);
  // Settings decide over the eligibility of all servers, those too that did not change.
  const bool other_rule =
      same_backend && was->settings->unknown_is_eligible != is->settings->unknown_is_eligible && filter.status();
  v1::Backend message;
  for (auto place = changes.servers().lower_bound({slot, 0}); place != changes.servers().end(); ++place) {
    if (place->first != slot) break;
    const config::Server* server_was = was == nullptr ? nullptr : At(was->servers, place->second);
    const config::Server* server_is = is == nullptr ? nullptr : At(is->servers, place->second);
    const bool same_server =
        same_backend && server_was != nullptr && server_is != nullptr && server_was->id == server_is->id;
    if (server_was != nullptr && !same_server) {
      AddRemoved(v1::RemovedResource::SERVER, was->settings->id, server_was->id, report);
    }
    if (server_is == nullptr || server_was == server_is) continue;
    if (filter.config() && !(same_server && server_was->digest == server_is->digest)) {
      AddServer(slot, place->second, *server_is, message);
    }
    if (filter.status() && !other_rule) AddServerStatus(*is, *server_is, report);
  }
  if (other_rule) {
    is->servers.ForEach([&](size_t, const config::ServerPtr& server) {
      if (server != nullptr) AddServerStatus(*is, *server, report);
    });
  }
  if (is == nullptr || !filter.config()) return;
  const bool same_settings = same_backend && was->settings->digest == is->settings->digest;
  if (same_settings && message.servers().empty()) return;
  v1::Backend& added = *report.mutable_config()->add_backends();
  added = store_->backend_message(slot);
  added.mutable_servers()->Swap(message.mutable_servers());
}

void StateReporter::ReportReporters(const ChangeSet& changes, v1::StateReport& report) const {
  for (const auto& [id, existed] : changes.reporters()) {
    if (const auto* reporter = store_->reporters().Find(id)) {
      *report.mutable_config()->add_reporters() = *reporter->message;
    } else if (existed) {
      AddRemoved(v1::RemovedResource::REPORTER, "", id, report);
    }
  }
}

void StateReporter::ReportScopes(const ChangeSet& changes, v1::StateReport& report) const {
  for (const auto& [id, existed] : changes.scopes()) {
    if (const auto* scope = store_->scope_messages().Find(id)) {
      *report.mutable_config()->add_scopes() = *scope->message;
    } else if (existed) {
      AddRemoved(v1::RemovedResource::SCOPE, "", id, report);
    }
  }
}

void StateReporter::ReportHealthWords(const ChangeSet& changes, const ReportFilter& filter,
                                      v1::StateReport& report) const {
  for (const auto& [name, existed] : changes.health_words()) {
    const auto& [backend, server] = name;
    if (!filter.HasBackend(backend)) continue;
    const std::optional<config::BackendSlot> slot = store_->backends().Find(backend);
    const std::optional<config::ServerSlot> server_slot = slot ? store_->servers(*slot).Find(server) : std::nullopt;
    const Store::HealthWord* word = server_slot ? store_->FindHealthWord(*slot, *server_slot) : nullptr;
    if (word != nullptr) {
      *report.mutable_config()->add_health() = *word->message;
    } else if (existed) {
      AddRemoved(v1::RemovedResource::HEALTH, backend, server, report);
    }
  }
}

}  // namespace fairlead::control
