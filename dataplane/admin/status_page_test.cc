#include "dataplane/admin/status_page.h"

#include <string>

#include "dataplane/admin/read_page.h"
#include "dataplane/admin/test_fleet.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"

namespace fairlead::admin {
namespace {

using google::protobuf::Struct;
using google::protobuf::Value;
using testing::HasSubstr;

Struct ReadStatus(const Status& status) {
  StatusPage page(status);
  Struct read;
  const auto result = google::protobuf::util::JsonStringToMessage(ReadPage(page), &read);
  EXPECT_TRUE(result.ok()) << result.ToString();
  return read;
}

std::string Text(const Struct& object, const std::string& name) { return object.fields().at(name).string_value(); }
double Number(const Struct& object, const std::string& name) { return object.fields().at(name).number_value(); }
bool Flag(const Struct& object, const std::string& name) { return object.fields().at(name).bool_value(); }
int Count(const Struct& object, const std::string& name) { return object.fields().at(name).list_value().values_size(); }
const Struct& Item(const Struct& object, const std::string& name, int index) {
  return object.fields().at(name).list_value().values(index).struct_value();
}

TEST(StatusPage, ShowsTheProxy) {
  TestFleet fleet(61'000);
  fleet.status.started_ms = 1'000;
  fleet.status.snapshot.revision = 17;
  fleet.status.transactions_applied = 20;
  fleet.status.transactions_rejected = 3;
  const Struct status = ReadStatus(fleet.status);
  EXPECT_EQ(Text(status, "node_id"), "proxy-1");
  EXPECT_EQ(Text(status, "zone"), "a");
  EXPECT_EQ(Text(status, "version"), "0.1.0");
  EXPECT_EQ(Number(status, "uptime_ms"), 60'000);
  EXPECT_TRUE(Flag(status, "ready"));
  EXPECT_FALSE(Flag(status, "draining"));
  EXPECT_EQ(Number(status, "revision"), 17);
  EXPECT_EQ(Text(status, "fingerprint"), "0123456789abcdef");
  EXPECT_EQ(Number(status, "transactions_applied"), 20);
  EXPECT_EQ(Number(status, "transactions_rejected"), 3);
}

TEST(StatusPage, ShowsTheStateOnDiskWhereThereIsOne) {
  TestFleet fleet;
  EXPECT_EQ(ReadStatus(fleet.status).fields().count("state_on_disk"), 0u);
  fleet.status.state_on_disk = {.saved_revision = 16, .good_copies = 1, .error = "state-a: No space left on device"};
  const Struct status = ReadStatus(fleet.status);
  const Struct& state = status.fields().at("state_on_disk").struct_value();
  EXPECT_EQ(Number(state, "saved_revision"), 16);
  EXPECT_EQ(Number(state, "good_copies"), 1);
  EXPECT_EQ(Text(state, "error"), "state-a: No space left on device");
}

TEST(StatusPage, SaysWhyTheProxyIsNotReady) {
  TestFleet fleet;
  fleet.status.draining = true;
  const Struct status = ReadStatus(fleet.status);
  EXPECT_FALSE(Flag(status, "ready"));
  EXPECT_EQ(Text(status, "why_not_ready"), "draining");
}

TEST(StatusPage, ShowsWorkersAndTheirRevisions) {
  TestFleet fleet;
  fleet.status.workers[1].revision = 4;
  fleet.workers[1].connections_open.Add(5);
  fleet.workers[1].requests_active.Add(2);
  fleet.workers[1].requests.Add(100);
  const Struct status = ReadStatus(fleet.status);
  ASSERT_EQ(Count(status, "workers"), 2);
  const Struct& worker = Item(status, "workers", 1);
  EXPECT_EQ(Number(worker, "index"), 1);
  EXPECT_EQ(Number(worker, "revision"), 4);
  EXPECT_EQ(Text(worker, "io"), "epoll");
  EXPECT_EQ(Number(worker, "open_connections"), 5);
  EXPECT_EQ(Number(worker, "active_requests"), 2);
  EXPECT_EQ(Number(worker, "total_requests"), 100);
}

TEST(StatusPage, ShowsControlSessions) {
  TestFleet fleet(5'000);
  fleet.status.sessions = {{"10.0.0.9:7000", true, false, "connection refused"}};
  const Struct status = ReadStatus(fleet.status);
  const Struct& session = Item(status, "control_sessions", 0);
  EXPECT_EQ(Text(session, "peer"), "10.0.0.9:7000");
  EXPECT_TRUE(Flag(session, "dialled"));
  EXPECT_FALSE(Flag(session, "connected"));
  EXPECT_EQ(Text(session, "detail"), "connection refused");
}

TEST(StatusPage, ShowsListenersWithTheAddressesTheyAreBoundTo) {
  TestFleet fleet;
  fleet.AddListener("public", "127.0.0.1:0", "127.0.0.1:43210");
  const Struct status = ReadStatus(fleet.status);
  ASSERT_EQ(Count(status, "listeners"), 1);
  const Struct& listener = Item(status, "listeners", 0);
  EXPECT_EQ(Text(listener, "id"), "public");
  EXPECT_EQ(Text(listener, "address"), "127.0.0.1:0");
  EXPECT_EQ(Text(listener, "bound_address"), "127.0.0.1:43210");
}

TEST(StatusPage, ShowsServersAndWhoDecidedTheirHealth) {
  TestFleet fleet(1'000);
  const size_t web = fleet.AddBackend("web");
  metrics::ServerCounters& counters = fleet.AddServer(web, "w1", [](config::Server* server) {
    server->weight = 5;
    server->admin_state = config::AdminState::kReady;
    server->health = config::Health::kDown;
  });
  counters.active_requests = 3;
  counters.of_worker(0).requests.Add(10);
  counters.of_worker(1).requests.Add(20);
  health::Report report;
  report.backend = "web";
  report.server = "w1";
  report.status = config::Health::kDown;
  report.reporter = "probe-a";
  report.ttl_ms = 10'000;
  report.reason = "connection \"refused\"";
  ASSERT_TRUE(fleet.table.Take(report).ok());
  fleet.status.now_ms = 5'000;

  const Struct status = ReadStatus(fleet.status);
  const Struct& backend = Item(status, "backends", 0);
  EXPECT_EQ(Text(backend, "id"), "web");
  EXPECT_EQ(Text(backend, "policy"), "ROUND_ROBIN");
  EXPECT_TRUE(Flag(backend, "unknown_is_eligible"));
  const Struct& server = Item(backend, "servers", 0);
  EXPECT_EQ(Text(server, "id"), "w1");
  EXPECT_EQ(Text(server, "address"), "10.0.0.1:8080");
  EXPECT_EQ(Number(server, "weight"), 5);
  EXPECT_EQ(Text(server, "admin_state"), "READY");
  EXPECT_EQ(Text(server, "health"), "DOWN");
  EXPECT_FALSE(Flag(server, "eligible"));
  EXPECT_EQ(Text(server, "decided_by"), "probe-a");
  EXPECT_EQ(Text(server, "reason"), "connection \"refused\"");
  EXPECT_EQ(Number(server, "since_ms"), 4'000);
  EXPECT_EQ(Number(server, "expires_in_ms"), 6'000);
  EXPECT_EQ(Number(server, "active_requests"), 3);
  EXPECT_EQ(Number(server, "total_requests"), 30);
}

TEST(StatusPage, ShowsLimitsAndHowFarTheyAreReached) {
  TestFleet fleet;
  const size_t web = fleet.AddBackend("web");
  metrics::ServerCounters& counters = fleet.AddServer(
      web, "w1", [](config::Server* server) { server->SetLimits(/*max_connections=*/8, /*max_requests=*/7); });
  counters.open_connections = 5;
  fleet.AddServer(web, "w2");
  fleet.status.snapshot.backends[web]->admission->waiting = 4;
  fleet.status.snapshot.backends[web]->admission->of_worker(0).panic.Set(1);
  const Struct status = ReadStatus(fleet.status);
  const Struct& backend = Item(status, "backends", 0);
  EXPECT_EQ(Number(backend, "queue_length"), 0);
  EXPECT_EQ(Number(backend, "waiting"), 4);
  EXPECT_TRUE(Flag(backend, "panic"));
  const Struct& server = Item(backend, "servers", 0);
  EXPECT_EQ(Number(server, "open_connections"), 5);
  EXPECT_EQ(Number(server, "max_requests"), 7);
  EXPECT_EQ(Number(server, "max_connections"), 8);
  EXPECT_FALSE(Item(backend, "servers", 1).fields().contains("max_requests")) << "it has none";
}

TEST(StatusPage, AWordWithoutEndHasNoTimeToItsEnd) {
  TestFleet fleet(1'000);
  const size_t web = fleet.AddBackend("web");
  fleet.AddServer(web, "w1");
  fleet.table.SetControllerWord("web", "w1", config::Health::kUp, "");
  const Struct status = ReadStatus(fleet.status);
  EXPECT_EQ(Number(Item(Item(status, "backends", 0), "servers", 0), "expires_in_ms"), 0);
}

TEST(StatusPage, AServerThatIsRemovedMeanwhileIsStillShown) {
  TestFleet fleet;
  const size_t web = fleet.AddBackend("web");
  fleet.AddServer(web, "w1");
  fleet.table.RemoveServer("web", "w1");
  const Struct status = ReadStatus(fleet.status);
  EXPECT_EQ(Text(Item(Item(status, "backends", 0), "servers", 0), "id"), "w1");
}

TEST(StatusPage, LeavesOutFreeSlotsAndShowsEmptyBackends) {
  TestFleet fleet;
  const size_t web = fleet.AddBackend("web");
  fleet.AddFreeSlots(web);
  fleet.AddBackend("api");
  const Struct status = ReadStatus(fleet.status);
  EXPECT_EQ(Count(status, "listeners"), 0);
  ASSERT_EQ(Count(status, "backends"), 2);
  EXPECT_EQ(Count(Item(status, "backends", 0), "servers"), 0);
}

TEST(StatusPage, ShowsEveryServerOfABigFleetOnce) {
  TestFleet fleet;
  for (int b = 0; b < 3; ++b) {
    const size_t backend = fleet.AddBackend("b" + std::to_string(b));
    for (int s = 0; s < 3'000; ++s) fleet.AddServer(backend, "s" + std::to_string(s));
  }
  const Struct status = ReadStatus(fleet.status);
  ASSERT_EQ(Count(status, "backends"), 3);
  for (int b = 0; b < 3; ++b) {
    const Struct& backend = Item(status, "backends", b);
    ASSERT_EQ(Count(backend, "servers"), 3'000);
    EXPECT_EQ(Text(Item(backend, "servers", 2'999), "id"), "s2999");
  }
}

TEST(StatusPage, AServerIsOnALineOfItsOwn) {
  TestFleet fleet;
  fleet.AddServer(fleet.AddBackend("web"), "w1");
  StatusPage page(fleet.status);
  EXPECT_THAT(ReadPage(page), HasSubstr("\n{\"id\":\"w1\",\"address\":\"10.0.0.1:8080\""));
}

}  // namespace
}  // namespace fairlead::admin
