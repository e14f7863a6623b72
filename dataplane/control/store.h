#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/numeric/int128.h"
#include "dataplane/config/snapshot.h"
#include "dataplane/control/named_resources.h"
#include "dataplane/control/references.h"
#include "dataplane/control/scopes.h"
#include "dataplane/control/slot_index.h"
#include "dataplane/control/staged.h"
#include "fairlead/v1/resources.pb.h"

namespace fairlead::control {

// The backends that it refers to, with repetitions.
std::vector<uint32_t> BackendsOf(const config::TcpSettings& tcp);

// The state in force: the snapshot, and beside it what only the control side needs: where each id lies, who refers to
// whom, and the messages as they were sent, so that Get returns exactly these (unknown fields, spellings of addresses,
// defaults that were written out: all of it counts in the fingerprint). Servers are many, so theirs are kept only where
// config::Server does not tell the whole of them.
//
// Owned by the control core, on the control thread.
class Store {
 public:
  // The controller's word on one server's health.
  struct HealthWord {
    std::shared_ptr<const v1::HealthState> message;
    absl::uint128 digest = 0;
  };

  Store();

  const std::shared_ptr<const config::Snapshot>& snapshot() const { return snapshot_; }
  // The sum of the digests of all resources (api/fingerprint).
  absl::uint128 fingerprint() const { return fingerprint_; }

  const SlotIndex& listeners() const { return listeners_; }
  const SlotIndex& route_tables() const { return route_tables_; }
  const SlotIndex& backends() const { return backends_; }
  const SlotIndex& certificates() const { return certificates_; }
  const SlotIndex& trust_bundles() const { return trust_bundles_; }
  const SlotIndex& ticket_keys() const { return ticket_keys_; }
  // Of a backend; none for a slot that is free.
  const SlotIndex& servers(config::BackendSlot backend) const;
  // The listener that is bound to this address.
  const config::Listener* FindListenerAt(const net::Address& address) const;

  // Listeners that refer to a route table or, by TCP, to a backend, and route tables that refer to a backend.
  const References& listener_references() const { return listener_references_; }
  const References& tcp_listener_references() const { return tcp_listener_references_; }
  const References& route_table_references() const { return route_table_references_; }
  // Listeners that refer to certificates, trust bundles and ticket keys.
  const References& listener_certificates() const { return listener_certificates_; }
  const References& listener_trust_bundles() const { return listener_trust_bundles_; }
  const References& listener_ticket_keys() const { return listener_ticket_keys_; }
  // Backends that do.
  const References& backend_certificates() const { return backend_certificates_; }
  const References& backend_trust_bundles() const { return backend_trust_bundles_; }

  // As they were sent, of slots in use; a backend without its servers.
  const v1::Listener& listener_message(config::ListenerSlot slot) const { return *listener_messages_[slot]; }
  const v1::RouteTable& route_table_message(config::RouteTableSlot slot) const { return *route_table_messages_[slot]; }
  const v1::Backend& backend_message(config::BackendSlot slot) const { return *backend_entries_[slot]->message; }
  const v1::TrustBundle& trust_bundle_message(config::TrustBundleSlot slot) const {
    return *trust_bundle_messages_[slot];
  }
  const v1::TicketKeys& ticket_keys_message(config::TicketKeysSlot slot) const { return *ticket_keys_messages_[slot]; }
  const v1::Certificate& certificate_message(config::CertificateSlot slot) const {
    return *certificate_messages_[slot];
  }
  // Null where ToProto(config::Server) is what was sent.
  const v1::Server* FindServerMessage(config::BackendSlot backend, config::ServerSlot server) const;
  // Null where the controller says nothing.
  const HealthWord* FindHealthWord(config::BackendSlot backend, config::ServerSlot server) const;
  const absl::flat_hash_map<config::ServerSlot, HealthWord>& health_words(config::BackendSlot backend) const;

  const NamedResources<v1::Reporter>& reporters() const { return reporters_; }
  const NamedResources<v1::Scope>& scope_messages() const { return scope_messages_; }
  const Scopes& scopes() const { return scopes_; }

  // Puts what was staged against this state in its place.
  void Commit(Staged staged);
  // A snapshot that differs from the one in force in the sockets of these listeners alone.
  void CommitSockets(std::shared_ptr<const config::Snapshot> snapshot, const std::vector<config::ListenerSlot>& slots);
  // A snapshot that differs from the one in force in its servers' health, and in tables of hashes, alone.
  void CommitBetween(std::shared_ptr<const config::Snapshot> snapshot) { snapshot_ = std::move(snapshot); }

 private:
  struct BackendEntry {
    std::shared_ptr<const v1::Backend> message;
    SlotIndex servers;
    absl::flat_hash_map<config::ServerSlot, std::shared_ptr<const v1::Server>> server_messages;
    absl::flat_hash_map<config::ServerSlot, HealthWord> health_words;
  };

  void CommitListeners(const Staged& staged);
  void ForgetAddress(config::ListenerSlot slot);
  void KeepAddress(config::ListenerSlot slot, const config::Listener& listener);
  void CommitRouteTables(const Staged& staged);
  void CommitBackends(const Staged& staged);
  void CommitCredentials(const Staged& staged);
  const BackendEntry& EntryOf(config::BackendSlot backend) const;

  std::shared_ptr<const config::Snapshot> snapshot_;
  absl::uint128 fingerprint_ = 0;

  SlotIndex listeners_;
  SlotIndex route_tables_;
  SlotIndex backends_;
  SlotIndex certificates_;
  SlotIndex trust_bundles_;
  SlotIndex ticket_keys_;
  // By slot.
  std::vector<std::shared_ptr<const v1::Listener>> listener_messages_;
  std::vector<std::shared_ptr<const v1::RouteTable>> route_table_messages_;
  std::vector<std::unique_ptr<BackendEntry>> backend_entries_;
  std::vector<std::shared_ptr<const v1::Certificate>> certificate_messages_;
  std::vector<std::shared_ptr<const v1::TrustBundle>> trust_bundle_messages_;
  std::vector<std::shared_ptr<const v1::TicketKeys>> ticket_keys_messages_;
  // Slots of listeners, by their configured addresses, without those of port 0.
  absl::flat_hash_map<net::Address, config::ListenerSlot> listener_addresses_;
  References listener_references_;
  References tcp_listener_references_;
  References route_table_references_;
  References listener_certificates_;
  References listener_trust_bundles_;
  References listener_ticket_keys_;
  References backend_certificates_;
  References backend_trust_bundles_;
  NamedResources<v1::Reporter> reporters_;
  NamedResources<v1::Scope> scope_messages_;
  Scopes scopes_;
  const BackendEntry no_backend_;
};

}  // namespace fairlead::control
