#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/identity/identity.h"
#include "dataplane/identity/peer.h"

namespace fairlead::control {

// What may be done to resources whose ids begin with a text: v1::Permission.
struct Permission {
  enum class Kind { kAll, kHealth, kWeights, kUse };
  Kind kind = Kind::kAll;
  std::string id_prefix;
};

// What somebody may change: v1::Scope. Immutable.
struct Scope {
  std::string id;
  std::vector<identity::Identity> identities;
  bool everyone_else = false;
  std::vector<Permission> permissions;
};

// All that somebody may do. A value; the scopes that it was made of outlive it.
class Rights {
 public:
  // Everything.
  Rights() = default;
  // What any of these scopes allows.
  explicit Rights(std::vector<std::shared_ptr<const Scope>> scopes) : unlimited_(false), scopes_(std::move(scopes)) {}

  // Snapshots, rollbacks, scopes and reporters, too.
  bool everything() const;
  // Something of the resource with this id, of a server and its health: that of the backend. kAll is for everything
  // about it, and allows the others.
  bool Allow(Permission::Kind kind, std::string_view id) const;

 private:
  bool unlimited_ = true;
  std::vector<std::shared_ptr<const Scope>> scopes_;
};

// The scopes that there are. On the control thread, a part of the store.
class Scopes {
 public:
  using Update = std::pair<std::string, std::shared_ptr<const Scope>>;  // by id; null: removed

  bool empty() const { return scopes_.empty(); }
  // With no scope, everybody may do everything.
  Rights RightsOf(const identity::Peer& peer) const;
  // Somebody may do everything once these updates are applied, and so change scopes again.
  bool SomebodyMayDoEverythingAfter(const std::vector<Update>& updates) const;
  void Apply(const std::vector<Update>& updates);

 private:
  std::map<std::string, std::shared_ptr<const Scope>, std::less<>> scopes_;
};

}  // namespace fairlead::control
