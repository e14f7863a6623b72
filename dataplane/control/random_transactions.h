#pragma once

#include <random>
#include <string>

#include "dataplane/base/absl_strings.h"
#include "dataplane/control/naive_model.h"
#include "fairlead/v1/transaction.pb.h"

namespace fairlead::control {

// Transactions about a few names, so that they hit and miss each other: about half of them are to be rejected, since
// they remove what is not there or refer to it. Nothing else is wrong with them.
class RandomTransactions {
 public:
  explicit RandomTransactions(unsigned seed) : random_(seed) {}

  int Below(int n) { return std::uniform_int_distribution<int>(0, n - 1)(random_); }
  std::string BackendId() { return base::StrCat("b", Below(3)); }
  std::string ServerId() { return base::StrCat("s", Below(4)); }
  std::string TableId() { return base::StrCat("t", Below(2)); }

  v1::Server Server() {
    static constexpr const char* kAddresses[] = {"10.0.0.1:80", "10.0.0.2:80", "[::1]:80", "[0:0::1]:80"};
    v1::Server server;
    server.set_id(ServerId());
    server.set_address(kAddresses[Below(4)]);
    if (Below(2) == 0) server.set_weight(Below(3));
    server.set_admin_state(static_cast<v1::Server::AdminState>(Below(3)));
    if (Below(4) == 0) (*server.mutable_labels())["rack"] = base::StrCat(Below(2));
    // A field of a later version.
    if (Below(8) == 0) server.GetReflection()->MutableUnknownFields(&server)->AddVarint(1000, Below(2));
    return server;
  }
  v1::Backend Backend() {
    v1::Backend backend;
    backend.set_id(BackendId());
    if (Below(2) == 0) backend.mutable_load_balancing()->set_policy(static_cast<v1::LoadBalancing::Policy>(Below(3)));
    if (Below(2) == 0) backend.mutable_health()->set_unknown_is_eligible(Below(2) == 0);
    if (Below(4) == 0) backend.mutable_timeouts()->mutable_connect()->set_seconds(5);  // the default, written out
    return backend;
  }
  v1::RouteTable RouteTable() {
    v1::RouteTable table;
    table.set_id(TableId());
    for (int i = Below(3); i > 0; --i) {
      v1::VirtualHost& host = *table.add_virtual_hosts();
      host.set_id(base::StrCat("h", i));
      host.add_domains(base::StrCat("Example", i, ".org"));
      v1::RouteRule& rule = *host.add_rules();
      rule.set_id("r");
      rule.add_backends()->set_backend(BackendId());
    }
    return table;
  }
  v1::Listener Listener() {
    v1::Listener listener;
    listener.set_id(base::StrCat("l", Below(2)));
    listener.set_address("127.0.0.1:0");
    listener.mutable_http()->set_route_table(TableId());
    if (Below(2) == 0) listener.mutable_http()->set_max_header_count(7);
    return listener;
  }
  std::string ReporterId() { return base::StrCat("p", Below(2)); }
  v1::Reporter Reporter() {
    v1::Reporter reporter;
    reporter.set_id(ReporterId());
    reporter.add_identities()->set_unix_uid(static_cast<uint32_t>(Below(2)));
    reporter.add_backends("b*");
    return reporter;
  }
  std::string ScopeId() { return base::StrCat("c", Below(2)); }
  // Of others than those who send the transactions.
  v1::Scope Scope() {
    v1::Scope scope;
    scope.set_id(ScopeId());
    scope.add_identities()->set_unix_uid(static_cast<uint32_t>(Below(2)));
    scope.add_permissions()->set_id_prefix("b");
    return scope;
  }
  v1::HealthState Health() {
    v1::HealthState health;
    health.set_backend(BackendId());
    health.set_server(ServerId());
    health.set_status(static_cast<v1::Health::Status>(Below(4)));
    if (Below(2) == 0) health.set_reason("because");
    return health;
  }

  void AddOperation(v1::Transaction& transaction) {
    v1::Operation& operation = *transaction.add_operations();
    switch (Below(16)) {
      case 0:
        *operation.mutable_upsert_listener() = Listener();
        break;
      case 1:
        operation.set_remove_listener(base::StrCat("l", Below(2)));
        break;
      case 2:
        *operation.mutable_upsert_route_table() = RouteTable();
        break;
      case 3:
        operation.set_remove_route_table(TableId());
        break;
      case 4:
        *operation.mutable_upsert_backend() = Backend();
        break;
      case 5:
        operation.set_remove_backend(BackendId());
        break;
      case 6:
      case 7:
        operation.mutable_remove_server()->set_backend(BackendId());
        operation.mutable_remove_server()->set_server(ServerId());
        break;
      case 8:
        *operation.mutable_set_health() = Health();
        break;
      case 9:
        *operation.mutable_upsert_reporter() = Reporter();
        break;
      case 10:
        operation.set_remove_reporter(ReporterId());
        break;
      case 11:
        *operation.mutable_upsert_scope() = Scope();
        break;
      case 12:
        operation.set_remove_scope(ScopeId());
        break;
      default:
        operation.mutable_upsert_server()->set_backend(BackendId());
        *operation.mutable_upsert_server()->mutable_server() = Server();
        break;
    }
  }

  // The next, for a proxy in the state `now`.
  v1::Transaction Next(const NaiveModel& now) {
    v1::Transaction transaction;
    if (Below(10) == 0) {
      // A snapshot of what some operations would have made.
      for (int i = Below(4); i > 0; --i) AddOperation(transaction);
      const NaiveModel next = now.After(transaction).value_or(Below(4) == 0 ? NaiveModel() : now);
      *transaction.mutable_snapshot() = next.ToSnapshot();
      transaction.clear_operations();
      return transaction;
    }
    for (int i = 1 + Below(3); i > 0; --i) AddOperation(transaction);
    return transaction;
  }

 private:
  std::mt19937 random_;
};

}  // namespace fairlead::control
