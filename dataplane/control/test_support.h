#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dataplane/control/compiler.h"
#include "dataplane/control/store.h"
#include "fairlead/v1/transaction.pb.h"

namespace fairlead::control {

// What the protobuf text stands for; ends the test's process where it stands for nothing.
v1::Transaction ParseTransaction(std::string_view text);
v1::Snapshot ParseSnapshot(std::string_view text);

// A transaction around the text of a snapshot's fields.
v1::Transaction SnapshotTransaction(std::string_view text);

// A small state: the listener "web" with the route table "main" with the backends "web" (servers w1 and w2; the
// controller's word on w2: DOWN) and "api" (server a1).
inline constexpr std::string_view kSmallState = R"(
  listeners { id: "web" address: "127.0.0.1:0" http { route_table: "main" } }
  route_tables {
    id: "main"
    virtual_hosts {
      id: "all"
      domains: "*"
      rules { id: "api" match { path_prefix: "/api/" } backends { backend: "api" } }
      rules { id: "rest" backends { backend: "web" weight: 1 } }
    }
  }
  backends {
    id: "web"
    servers { id: "w1" address: "127.0.0.1:9001" weight: 5 }
    servers { id: "w2" address: "127.0.0.1:9002" labels { key: "rack" value: "7" } }
  }
  backends { id: "api" servers { id: "a1" address: "127.0.0.1:9003" } }
  health { backend: "web" server: "w2" status: DOWN reason: "refused" }
)";

// A store with a compiler, for tests of what transactions make of it. Sockets and health are not part of it.
class CompiledState {
 public:
  CompiledState() = default;
  explicit CompiledState(std::string_view snapshot) { Apply(SnapshotTransaction(snapshot)); }

  // The violations, each as `CODE path: message`; none: it was committed.
  std::vector<std::string> Try(v1::Transaction transaction);
  // Commits it and tells what was staged; fails the test where it was refused.
  Changes Apply(v1::Transaction transaction);

  const Store& store() const { return store_; }
  const config::Snapshot& snapshot() const { return *store_.snapshot(); }
  // Null where there is none.
  const config::Server* FindServer(std::string_view backend, std::string_view server) const;
  const config::Backend* FindBackend(std::string_view backend) const;

  static constexpr int kWorkers = 2;

 private:
  Store store_;
  Compiler compiler_{kWorkers};
};

// `CODE path: message`
std::vector<std::string> ToStrings(const Violations& violations);

}  // namespace fairlead::control
