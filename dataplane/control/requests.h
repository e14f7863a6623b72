#pragma once

#include <deque>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/control/field_rules.h"
#include "dataplane/control/store.h"
#include "dataplane/control/violations.h"
#include "fairlead/v1/transaction.pb.h"

namespace fairlead::control {

// Names a server in all of a transaction.
struct ServerKey {
  std::string_view backend;
  std::string_view server;

  friend bool operator==(const ServerKey&, const ServerKey&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const ServerKey& key) {
    return H::combine(std::move(state), base::ToAbsl(key.backend), base::ToAbsl(key.server));
  }
};

// Names a resource of any other kind.
struct IdKey {
  std::string_view id;

  friend bool operator==(const IdKey&, const IdKey&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const IdKey& key) {
    return H::combine(std::move(state), base::ToAbsl(key.id));
  }
};

// What a transaction wants of one kind of resources, in the order in which it says so.
template <typename Message, typename Key>
class Requests {
 public:
  struct Request {
    Key key;
    const Message* message;  // to put in place; null: to remove
  };

  // False: the resource is named already, and this changes nothing.
  bool Add(const Key& key, const Message* message) {
    if (!named_.insert(key).second) return false;
    list_.push_back({key, message});
    return true;
  }
  bool Names(const Key& key) const { return named_.contains(key); }
  const std::vector<Request>& list() const { return list_; }

 private:
  std::vector<Request> list_;
  absl::flat_hash_set<Key> named_;
};

// A transaction's changes, whether it came with operations or with a snapshot: a snapshot names every resource that
// there is, and asks for the removal of those that it does not hold. Ids and messages belong to the transaction, or are
// the store's: both outlive it.
struct AllRequests {
  // Everything is replaced: removals are those that a snapshot left unsaid.
  bool from_snapshot = false;
  Requests<v1::Listener, IdKey> listeners;
  Requests<v1::RouteTable, IdKey> route_tables;
  Requests<v1::Backend, IdKey> backends;  // without their servers
  Requests<v1::Certificate, IdKey> certificates;
  Requests<v1::TrustBundle, IdKey> trust_bundles;
  Requests<v1::TicketKeys, IdKey> ticket_keys;
  Requests<v1::Server, ServerKey> servers;
  Requests<v1::HealthState, ServerKey> health;
  Requests<v1::Reporter, IdKey> reporters;
  Requests<v1::Scope, IdKey> scopes;

  // A snapshot's servers, taken out of their backends.
  std::deque<google::protobuf::RepeatedPtrField<v1::Server>> servers_of_backends;
};

// Reads them, and refuses what is wrong with a transaction's form: both or neither of snapshot and operations, empty
// and unknown operations, resources named twice, ids that are none (those are not among the requests).
AllRequests ReadRequests(v1::Transaction& transaction, const Store& store, const FieldRules& rules,
                         Violations& violations);

// Gives a snapshot's backends their servers back. The messages stay where they are in memory, so that ids which point
// into them stay good; `requests` is used up.
void PutServersBack(AllRequests& requests, v1::Transaction& transaction);

}  // namespace fairlead::control
