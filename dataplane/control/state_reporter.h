#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/any_invocable.h"
#include "dataplane/control/change_set.h"
#include "dataplane/control/store.h"
#include "dataplane/control/worker_status.h"
#include "dataplane/event/timer_wheel.h"
#include "dataplane/health/health_table.h"
#include "fairlead/v1/control.pb.h"

namespace fairlead::control {

// What a Get or Watch wants to hear of: v1::StateFilter, made quick to ask.
class ReportFilter {
 public:
  explicit ReportFilter(const v1::StateFilter& filter);

  bool config() const { return config_; }
  bool status() const { return status_; }
  bool HasBackend(std::string_view id) const;

  // For the control side's own use: all resources, with their keys, which others are never told.
  static ReportFilter ForResourcesWithSecrets();
  bool secrets() const { return secrets_; }

 private:
  bool config_;
  bool status_;
  bool secrets_ = false;
  absl::flat_hash_set<std::string> backends_;  // empty: all
};

// Tells what the proxy serves and how it fares. On the control thread, owned by the control core.
class StateReporter {
 public:
  // Of each worker, by index.
  using GetWorkers = absl::AnyInvocable<std::vector<WorkerStatus>()>;
  // Connections that are open on a listener, over all workers.
  using GetListenerConnections = absl::AnyInvocable<uint32_t(std::string_view listener)>;

  // All pointers outlive it. `clock` is the health table's.
  StateReporter(const Store* store, const health::HealthTable* health, const event::TimerWheel* clock,
                GetWorkers get_workers, GetListenerConnections get_listener_connections);

  // Everything that the filter lets through. Costs as much as there is.
  v1::StateReport ReportAll(const ReportFilter& filter);

  // What differs from `before`, a snapshot that was in force when `changes` began. Costs as much as changed. A changed
  // server stands in its backend, which is told with all of its settings and none of the other servers; everything that
  // went is named, a backend's servers and the controller's words on them too.
  v1::StateReport ReportChanges(const config::Snapshot& before, const ChangeSet& changes, const ReportFilter& filter);

 private:
  // Revision, fingerprint and workers.
  v1::StateReport Begin(const ReportFilter& filter);
  void AddListenerStatus(const config::Listener& listener, v1::StateReport& report);
  void AddCertificate(config::CertificateSlot slot, const ReportFilter& filter, v1::StateReport& report) const;
  void AddCertificateStatus(const config::Certificate& certificate, v1::StateReport& report) const;
  // Of resources and what may be told of them.
  void AddTicketKeys(config::TicketKeysSlot slot, const ReportFilter& filter, v1::StateReport& report) const;
  void AddServer(config::BackendSlot backend, config::ServerSlot slot, const config::Server& server,
                 v1::Backend& to) const;
  void AddBackendStatus(const config::Backend& backend, v1::StateReport& report) const;
  void AddServerStatus(const config::Backend& backend, const config::Server& server, v1::StateReport& report) const;

  void ReportListeners(const config::Snapshot& before, const ChangeSet& changes, const ReportFilter& filter,
                       v1::StateReport& report);
  void ReportRouteTables(const config::Snapshot& before, const ChangeSet& changes, v1::StateReport& report) const;
  void ReportCertificates(const config::Snapshot& before, const ChangeSet& changes, const ReportFilter& filter,
                          v1::StateReport& report) const;
  void ReportTrustBundles(const config::Snapshot& before, const ChangeSet& changes, const ReportFilter& filter,
                          v1::StateReport& report) const;
  void ReportTicketKeys(const config::Snapshot& before, const ChangeSet& changes, const ReportFilter& filter,
                        v1::StateReport& report) const;
  void ReportBackend(const config::Backend* before, config::BackendSlot slot, const ChangeSet& changes,
                     const ReportFilter& filter, v1::StateReport& report) const;
  void ReportReporters(const ChangeSet& changes, v1::StateReport& report) const;
  void ReportScopes(const ChangeSet& changes, v1::StateReport& report) const;
  void ReportHealthWords(const ChangeSet& changes, const ReportFilter& filter, v1::StateReport& report) const;

  const Store* const store_;
  const health::HealthTable* const health_;
  const event::TimerWheel* const clock_;
  GetWorkers get_workers_;
  GetListenerConnections get_listener_connections_;
};

}  // namespace fairlead::control
