// Random transactions and reports against a model so simple that it can't be wrong: maps, copied for each transaction.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>

#include "api/fingerprint/canonical_bytes.h"
#include "api/fingerprint/fingerprint.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/control/change_set.h"
#include "dataplane/control/fake_workers.h"
#include "dataplane/control/state_reporter.h"
#include "dataplane/control/subscribers.h"

namespace fairlead::control {
namespace {

using ServerName = std::pair<std::string, std::string>;

std::string Bytes(const google::protobuf::Message& message) {
  std::string bytes;
  api::CanonicalBytes(message, bytes);
  return bytes;
}

struct Model {
  std::map<std::string, v1::Listener> listeners;
  std::map<std::string, v1::RouteTable> route_tables;
  std::map<std::string, v1::Backend> backends;  // without servers
  std::map<ServerName, v1::Server> servers;
  std::map<ServerName, v1::HealthState> health;

  static Model Of(const v1::Snapshot& snapshot) {
    Model model;
    model.Add(snapshot);
    return model;
  }

  void Add(const v1::Snapshot& snapshot) {
    for (const auto& listener : snapshot.listeners()) listeners[listener.id()] = listener;
    for (const auto& table : snapshot.route_tables()) route_tables[table.id()] = table;
    for (const auto& backend : snapshot.backends()) {
      for (const auto& server : backend.servers()) servers[{backend.id(), server.id()}] = server;
      backends[backend.id()] = backend;
      backends[backend.id()].clear_servers();
    }
    for (const auto& word : snapshot.health()) health[{word.backend(), word.server()}] = word;
  }

  v1::Snapshot ToSnapshot() const {
    v1::Snapshot snapshot;
    for (const auto& [id, listener] : listeners) *snapshot.add_listeners() = listener;
    for (const auto& [id, table] : route_tables) *snapshot.add_route_tables() = table;
    for (const auto& [id, backend] : backends) {
      v1::Backend& added = *snapshot.add_backends();
      added = backend;
      for (const auto& [name, server] : servers) {
        if (name.first == id) *added.add_servers() = server;
      }
    }
    for (const auto& [name, word] : health) *snapshot.add_health() = word;
    return snapshot;
  }

  // Every resource by a name of its own.
  std::map<std::string, std::string> Resources() const {
    std::map<std::string, std::string> resources;
    for (const auto& [id, listener] : listeners) resources["listener " + id] = Bytes(listener);
    for (const auto& [id, table] : route_tables) resources["route table " + id] = Bytes(table);
    for (const auto& [id, backend] : backends) resources["backend " + id] = Bytes(backend);
    for (const auto& [name, server] : servers) resources["server " + name.first + "/" + name.second] = Bytes(server);
    for (const auto& [name, word] : health) resources["health " + name.first + "/" + name.second] = Bytes(word);
    return resources;
  }

  bool ReferencesHold() const {
    for (const auto& [id, listener] : listeners) {
      if (!route_tables.contains(listener.http().route_table())) return false;
    }
    for (const auto& [id, table] : route_tables) {
      for (const auto& host : table.virtual_hosts()) {
        for (const auto& rule : host.rules()) {
          for (const auto& weighted : rule.backends()) {
            if (!backends.contains(weighted.backend())) return false;
          }
        }
      }
    }
    for (const auto& [name, server] : servers) {
      if (!backends.contains(name.first)) return false;
    }
    for (const auto& [name, word] : health) {
      if (!servers.contains(name)) return false;
    }
    return true;
  }

  void RemoveServer(const ServerName& name) {
    servers.erase(name);
    health.erase(name);
  }

  // Nothing: the transaction is to be rejected.
  std::optional<Model> After(const v1::Transaction& transaction) const {
    if (transaction.has_snapshot()) {
      Model next = Of(transaction.snapshot());
      return next.ReferencesHold() ? std::optional(next) : std::nullopt;
    }
    Model next = *this;
    std::set<std::string> named;
    bool good = true;
    for (const v1::Operation& operation : transaction.operations()) {  // removals first: order does not matter
      switch (operation.operation_case()) {
        case v1::Operation::kRemoveListener:
          good &= next.listeners.erase(operation.remove_listener()) == 1;
          good &= named.insert("listener " + operation.remove_listener()).second;
          break;
        case v1::Operation::kRemoveRouteTable:
          good &= next.route_tables.erase(operation.remove_route_table()) == 1;
          good &= named.insert("table " + operation.remove_route_table()).second;
          break;
        case v1::Operation::kRemoveBackend: {
          good &= next.backends.erase(operation.remove_backend()) == 1;
          good &= named.insert("backend " + operation.remove_backend()).second;
          for (const auto& [name, server] : servers) {
            if (name.first == operation.remove_backend()) next.RemoveServer(name);
          }
          break;
        }
        case v1::Operation::kRemoveServer: {
          const ServerName name(operation.remove_server().backend(), operation.remove_server().server());
          good &= servers.contains(name);
          good &= named.insert("server " + name.first + "/" + name.second).second;
          next.RemoveServer(name);
          break;
        }
        default:
          break;
      }
    }
    for (const v1::Operation& operation : transaction.operations()) {
      switch (operation.operation_case()) {
        case v1::Operation::kUpsertListener:
          next.listeners[operation.upsert_listener().id()] = operation.upsert_listener();
          good &= named.insert("listener " + operation.upsert_listener().id()).second;
          break;
        case v1::Operation::kUpsertRouteTable:
          next.route_tables[operation.upsert_route_table().id()] = operation.upsert_route_table();
          good &= named.insert("table " + operation.upsert_route_table().id()).second;
          break;
        case v1::Operation::kUpsertBackend:
          next.backends[operation.upsert_backend().id()] = operation.upsert_backend();
          good &= named.insert("backend " + operation.upsert_backend().id()).second;
          break;
        case v1::Operation::kUpsertServer: {
          const ServerName name(operation.upsert_server().backend(), operation.upsert_server().server().id());
          next.servers[name] = operation.upsert_server().server();
          good &= named.insert("server " + name.first + "/" + name.second).second;
          break;
        }
        case v1::Operation::kSetHealth: {
          const ServerName name(operation.set_health().backend(), operation.set_health().server());
          next.health[name] = operation.set_health();
          good &= named.insert("health " + name.first + "/" + name.second).second;
          break;
        }
        default:
          break;
      }
    }
    good &= next.ReferencesHold();
    std::erase_if(next.health, [](const auto& word) { return word.second.status() == v1::Health::UNKNOWN; });
    return good ? std::optional(next) : std::nullopt;
  }
};

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

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
    switch (Below(12)) {
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
      default:
        operation.mutable_upsert_server()->set_backend(BackendId());
        *operation.mutable_upsert_server()->mutable_server() = Server();
        break;
    }
  }

  v1::Transaction Transaction(const Model& now) {
    v1::Transaction transaction;
    if (Below(10) == 0) {
      // A snapshot of what some operations would have made.
      for (int i = Below(4); i > 0; --i) AddOperation(transaction);
      const Model next = now.After(transaction).value_or(Below(4) == 0 ? Model() : now);
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

// What a watcher has, who hears of changes alone.
class Mirror {
 public:
  void Take(const v1::StateReport& report) {
    for (const v1::RemovedResource& removed : report.removed()) {
      const ServerName name(removed.backend(), removed.id());
      switch (removed.kind()) {
        case v1::RemovedResource::LISTENER:
          EXPECT_EQ(config.listeners.erase(removed.id()), 1u);
          break;
        case v1::RemovedResource::ROUTE_TABLE:
          EXPECT_EQ(config.route_tables.erase(removed.id()), 1u);
          break;
        case v1::RemovedResource::BACKEND:
          EXPECT_EQ(config.backends.erase(removed.id()), 1u);
          break;
        case v1::RemovedResource::SERVER:
          EXPECT_EQ(config.servers.erase(name), 1u);
          EXPECT_EQ(status.erase(name), 1u);
          break;
        case v1::RemovedResource::HEALTH:
          EXPECT_EQ(config.health.erase(name), 1u);
          break;
        default:
          ADD_FAILURE() << removed.DebugString();
      }
    }
    config.Add(report.config());
    for (const v1::ServerStatus& server : report.servers()) status[{server.backend(), server.server()}] = Shown(server);
  }

  // Without what changes by itself.
  static std::string Shown(v1::ServerStatus status) {
    status.clear_since_ms();
    status.clear_expires_in_ms();
    status.clear_decided_by();
    status.clear_reason();
    return status.ShortDebugString();
  }

  Model config;
  std::map<ServerName, std::string> status;
};

class ControlCoreModel : public testing::TestWithParam<unsigned> {};

TEST_P(ControlCoreModel, AgreesAfterEveryTransaction) {
  Generator generate(GetParam());
  TestCore test;
  Model model;
  Mirror mirror;
  ChangeSet changes;
  std::shared_ptr<const config::Snapshot> seen = test.core.snapshot();
  const Subscribers::Subscription subscription(&test.core.subscribers(),
                                               [&](const Changes& change) { changes.Add(change); });
  const ReportFilter everything((v1::StateFilter()));
  int applied = 0;
  for (int step = 0; step < 1'000; ++step) {
    SCOPED_TRACE(base::StrCat("step ", step));
    if (generate.Below(3) == 0) {
      // Refused where there is no such server.
      test.Report(generate.BackendId(), generate.ServerId(), static_cast<config::Health>(generate.Below(4)))
          .IgnoreError();
      test.Advance(generate.Below(10));
    }
    const uint64_t revision = test.core.revision();
    const v1::Transaction transaction = generate.Transaction(model);
    const v1::FromProxy answer = test.Do(transaction);
    const std::optional<Model> next = model.After(transaction);
    ASSERT_EQ(answer.has_applied(), next.has_value()) << transaction.DebugString() << answer.DebugString();
    if (next) {
      ++applied;
      const auto before = model.Resources();
      const auto after = next->Resources();
      uint32_t added = 0, changed = 0, removed = 0;
      for (const auto& [name, bytes] : after) {
        const auto old = before.find(name);
        if (old == before.end()) ++added;
        if (old != before.end() && old->second != bytes) ++changed;
      }
      for (const auto& [name, bytes] : before) removed += !after.contains(name);
      EXPECT_EQ(answer.applied().added(), added);
      EXPECT_EQ(answer.applied().changed(), changed);
      EXPECT_EQ(answer.applied().removed(), removed);
      EXPECT_EQ(answer.applied().revision(), revision + (before == after ? 0 : 1));
      model = *next;
    } else {
      ASSERT_GT(answer.rejected().violations_size(), 0);
      EXPECT_EQ(test.core.revision(), revision);
    }
    const v1::StateReport report = test.core.reporter().ReportAll(everything);
    ASSERT_EQ(Model::Of(report.config()).Resources(), model.Resources());
    ASSERT_EQ(test.core.fingerprint(), api::OfSnapshot(report.config()).ToHex());

    if (generate.Below(4) == 0) {
      test.Advance(10);  // health that waits
      mirror.Take(test.core.reporter().ReportChanges(*seen, std::exchange(changes, ChangeSet()), everything));
      seen = test.core.snapshot();
      ASSERT_EQ(mirror.config.Resources(), model.Resources());
      std::map<ServerName, std::string> status;
      const v1::StateReport all = test.core.reporter().ReportAll(everything);
      for (const auto& server : all.servers()) {
        status[{server.backend(), server.server()}] = Mirror::Shown(server);
      }
      ASSERT_EQ(mirror.status, status);
    }
    if (HasFailure()) return;
  }
  EXPECT_GT(applied, 200);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ControlCoreModel, testing::Range(0u, 8u));

}  // namespace
}  // namespace fairlead::control
