#include "dataplane/control/store.h"

#include <sys/socket.h>

#include <utility>

#include "dataplane/routing/sni_router.h"

namespace fairlead::control {
namespace {

// Where it listens: what was asked for, but for port 0.
const net::Address& PlaceOf(const config::Listener& listener) {
  return listener.address.port() == 0 ? listener.bound_address : listener.address;
}

template <typename T>
T& ElementAt(std::vector<T>& vector, uint32_t slot) {
  if (vector.size() <= slot) vector.resize(slot + 1);
  return vector[slot];
}

}  // namespace

std::vector<uint32_t> BackendsOf(const config::TcpSettings& tcp) {
  std::vector<uint32_t> backends;
  if (!tcp.backend_id.empty()) backends.push_back(tcp.backend);
  if (tcp.sni_router == nullptr) return backends;
  for (const routing::SniRoute& route : tcp.sni_router->routes()) backends.push_back(route.backend);
  return backends;
}

Store::Store() : snapshot_(std::make_shared<config::Snapshot>()) {}

const Store::BackendEntry& Store::EntryOf(config::BackendSlot backend) const {
  const bool exists = backend < backend_entries_.size() && backend_entries_[backend] != nullptr;
  return exists ? *backend_entries_[backend] : no_backend_;
}

const SlotIndex& Store::servers(config::BackendSlot backend) const { return EntryOf(backend).servers; }

const config::Listener* Store::FindListenerAt(const net::Address& address) const {
  const auto place = listener_addresses_.find(address);
  return place == listener_addresses_.end() ? nullptr : snapshot_->listeners[place->second].get();
}

const v1::Server* Store::FindServerMessage(config::BackendSlot backend, config::ServerSlot server) const {
  const auto& messages = EntryOf(backend).server_messages;
  const auto place = messages.find(server);
  return place == messages.end() ? nullptr : place->second.get();
}

const Store::HealthWord* Store::FindHealthWord(config::BackendSlot backend, config::ServerSlot server) const {
  const auto& words = health_words(backend);
  const auto place = words.find(server);
  return place == words.end() ? nullptr : &place->second;
}

const absl::flat_hash_map<config::ServerSlot, Store::HealthWord>& Store::health_words(
    config::BackendSlot backend) const {
  return EntryOf(backend).health_words;
}

void Store::Commit(Staged staged) {
  CommitListeners(staged);
  CommitRouteTables(staged);
  CommitBackends(staged);
  CommitCredentials(staged);
  reporters_.Apply(staged.reporter_updates);
  scope_messages_.Apply(staged.scope_updates);
  scopes_.Apply(staged.scopes);
  fingerprint_ = staged.fingerprint;
  snapshot_ = std::make_shared<const config::Snapshot>(std::move(staged.snapshot));
}

void Store::CommitListeners(const Staged& staged) {
  // All addresses that end before any that begins: listeners may have changed places.
  for (const Staged::ListenerUpdate& update : staged.listener_updates) ForgetAddress(update.slot);
  for (const Staged::ListenerUpdate& update : staged.listener_updates) {
    ElementAt(listener_messages_, update.slot) = update.message;
    if (update.listener == nullptr) {
      listener_references_.Set(update.slot, {});
      tcp_listener_references_.Set(update.slot, {});
      listener_certificates_.Set(update.slot, {});
      listener_trust_bundles_.Set(update.slot, {});
      listener_ticket_keys_.Set(update.slot, {});
      continue;
    }
    const config::Listener& listener = *update.listener;
    using Slots = std::vector<uint32_t>;
    listener_references_.Set(update.slot, listener.tcp ? Slots{} : Slots{listener.http.route_table});
    tcp_listener_references_.Set(update.slot, listener.tcp ? BackendsOf(*listener.tcp) : Slots{});
    listener_certificates_.Set(update.slot, listener.tls == nullptr ? Slots{} : listener.tls->certificates);
    listener_trust_bundles_.Set(update.slot, listener.tls == nullptr ? Slots{} : listener.tls->trust_bundles);
    listener_ticket_keys_.Set(update.slot, listener.tls == nullptr ? Slots{} : listener.tls->ticket_keys);
    KeepAddress(update.slot, *update.listener);
  }
  listeners_.Apply(staged.listeners);
}

void Store::ForgetAddress(config::ListenerSlot slot) {
  if (slot >= snapshot_->listeners.size() || snapshot_->listeners[slot] == nullptr) return;
  const auto place = listener_addresses_.find(PlaceOf(*snapshot_->listeners[slot]));
  if (place != listener_addresses_.end() && place->second == slot) listener_addresses_.erase(place);
}

void Store::KeepAddress(config::ListenerSlot slot, const config::Listener& listener) {
  const net::Address& place = PlaceOf(listener);
  // Port 0 of what is not bound yet is no place.
  if (place.family() == AF_UNIX || place.port() != 0) listener_addresses_.emplace(place, slot);
}

void Store::CommitSockets(std::shared_ptr<const config::Snapshot> snapshot,
                          const std::vector<config::ListenerSlot>& slots) {
  for (config::ListenerSlot slot : slots) ForgetAddress(slot);
  snapshot_ = std::move(snapshot);
  for (config::ListenerSlot slot : slots) KeepAddress(slot, *snapshot_->listeners[slot]);
}

void Store::CommitRouteTables(const Staged& staged) {
  for (const Staged::RouteTableUpdate& update : staged.route_table_updates) {
    ElementAt(route_table_messages_, update.slot) = update.message;
    route_table_references_.Set(update.slot, update.backends);
  }
  route_tables_.Apply(staged.route_tables);
}

void Store::CommitBackends(const Staged& staged) {
  for (const Staged::BackendUpdate& update : staged.backend_updates) {
    std::unique_ptr<BackendEntry>& entry = ElementAt(backend_entries_, update.slot);
    if (entry == nullptr) entry = std::make_unique<BackendEntry>();
    entry->message = update.message;
    const config::BackendTls* const tls =
        update.message == nullptr ? nullptr : staged.snapshot.backends[update.slot]->settings->tls.get();
    backend_certificates_.Set(update.slot, tls == nullptr ? std::vector<uint32_t>() : tls->certificates);
    backend_trust_bundles_.Set(update.slot, tls == nullptr ? std::vector<uint32_t>() : tls->trust_bundles);
  }
  for (const auto& [slot, planned] : staged.servers) backend_entries_[slot]->servers.Apply(planned);
  for (const Staged::ServerUpdate& update : staged.server_updates) {
    auto& messages = backend_entries_[update.backend]->server_messages;
    if (update.message == nullptr) {
      messages.erase(update.server);
    } else {
      messages[update.server] = update.message;
    }
  }
  for (const Staged::HealthUpdate& update : staged.health_updates) {
    auto& words = backend_entries_[update.backend]->health_words;
    if (update.message == nullptr) {
      words.erase(update.server);
    } else {
      words[update.server] = {update.message, update.digest};
    }
  }
  // Last, so that what was said of servers of a backend that goes has gone with it.
  for (const Staged::BackendUpdate& update : staged.backend_updates) {
    if (update.message == nullptr) backend_entries_[update.slot] = nullptr;
  }
  backends_.Apply(staged.backends);
}

void Store::CommitCredentials(const Staged& staged) {
  for (const Staged::CertificateUpdate& update : staged.certificate_updates) {
    ElementAt(certificate_messages_, update.slot) = update.message;
  }
  for (const Staged::TrustBundleUpdate& update : staged.trust_bundle_updates) {
    ElementAt(trust_bundle_messages_, update.slot) = update.message;
  }
  for (const Staged::TicketKeysUpdate& update : staged.ticket_keys_updates) {
    ElementAt(ticket_keys_messages_, update.slot) = update.message;
  }
  certificates_.Apply(staged.certificates);
  trust_bundles_.Apply(staged.trust_bundles);
  ticket_keys_.Apply(staged.ticket_keys);
}

}  // namespace fairlead::control
