#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "fairlead/v1/transaction.pb.h"

namespace fairlead::control {

// The backend's id and the server's.
using ServerName = std::pair<std::string, std::string>;

// What transactions should do, so simple that it can't be wrong: maps, copied for each transaction.
struct NaiveModel {
  std::map<std::string, v1::Listener> listeners;
  std::map<std::string, v1::RouteTable> route_tables;
  std::map<std::string, v1::Backend> backends;  // without servers
  std::map<ServerName, v1::Server> servers;
  std::map<ServerName, v1::HealthState> health;
  std::map<std::string, v1::Reporter> reporters;

  std::map<std::string, v1::Scope> scopes;

  static NaiveModel Of(const v1::Snapshot& snapshot);

  // Puts all that the snapshot holds in place of what has the same name.
  void Add(const v1::Snapshot& snapshot);
  v1::Snapshot ToSnapshot() const;
  // The bytes of every resource by a name of its own.
  std::map<std::string, std::string> Resources() const;
  // What the transaction makes of it; nothing: it is to be rejected. Of what can be wrong with one it knows things that
  // are named twice, removed without being there, or referred to without being there.
  std::optional<NaiveModel> After(const v1::Transaction& transaction) const;

 private:
  bool ReferencesHold() const;
  void RemoveServer(const ServerName& name);
};

}  // namespace fairlead::control
