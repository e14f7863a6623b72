#pragma once

#include <map>
#include <string>
#include <utility>

#include "absl/container/btree_set.h"
#include "dataplane/control/changes.h"

namespace fairlead::control {

// What changed over several revisions, each place once, in the order of slots. Slots say where to look, not what is
// there: within those revisions one may have been freed and given to another resource.
class ChangeSet {
 public:
  using ServerPlace = std::pair<config::BackendSlot, config::ServerSlot>;
  using ServerName = std::pair<std::string, std::string>;  // of the backend, of the server

  void Add(const Changes& changes) {
    listeners_.insert(changes.list.listeners.begin(), changes.list.listeners.end());
    route_tables_.insert(changes.route_tables.begin(), changes.route_tables.end());
    certificates_.insert(changes.certificates.begin(), changes.certificates.end());
    trust_bundles_.insert(changes.trust_bundles.begin(), changes.trust_bundles.end());
    ticket_keys_.insert(changes.ticket_keys.begin(), changes.ticket_keys.end());
    backends_.insert(changes.list.backends.begin(), changes.list.backends.end());
    for (const auto& [backend, server] : changes.list.servers) {
      backends_.insert(backend);
      servers_.insert({backend, server});
    }
    for (const Changes::HealthWord& word : changes.health_words) {
      health_words_.try_emplace({word.backend, word.server}, word.existed);
    }
    for (const Changes::Named& reporter : changes.reporters) reporters_.try_emplace(reporter.id, reporter.existed);
    for (const Changes::Named& scope : changes.scopes) scopes_.try_emplace(scope.id, scope.existed);
    empty_ = false;
  }
  // Nothing was added.
  bool empty() const { return empty_; }

  const absl::btree_set<config::ListenerSlot>& listeners() const { return listeners_; }
  const absl::btree_set<config::RouteTableSlot>& route_tables() const { return route_tables_; }
  const absl::btree_set<config::CertificateSlot>& certificates() const { return certificates_; }
  const absl::btree_set<config::TrustBundleSlot>& trust_bundles() const { return trust_bundles_; }
  const absl::btree_set<config::TicketKeysSlot>& ticket_keys() const { return ticket_keys_; }
  // Those whose servers changed, too.
  const absl::btree_set<config::BackendSlot>& backends() const { return backends_; }
  const absl::btree_set<ServerPlace>& servers() const { return servers_; }
  // And whether there was a word before the first of these changes.
  const std::map<ServerName, bool>& health_words() const { return health_words_; }
  // By id, and whether there was one before the first of these changes.
  const std::map<std::string, bool>& reporters() const { return reporters_; }
  const std::map<std::string, bool>& scopes() const { return scopes_; }

 private:
  bool empty_ = true;
  absl::btree_set<config::ListenerSlot> listeners_;
  absl::btree_set<config::RouteTableSlot> route_tables_;
  absl::btree_set<config::CertificateSlot> certificates_;
  absl::btree_set<config::TrustBundleSlot> trust_bundles_;
  absl::btree_set<config::TicketKeysSlot> ticket_keys_;
  absl::btree_set<config::BackendSlot> backends_;
  absl::btree_set<ServerPlace> servers_;
  std::map<ServerName, bool> health_words_;
  std::map<std::string, bool> reporters_;
  std::map<std::string, bool> scopes_;
};

}  // namespace fairlead::control
