#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ctl/run_for_test.h"

namespace fairlead::ctl {
namespace {

using ::testing::HasSubstr;

v1::ServerStatus DownServer() {
  v1::ServerStatus status;
  status.set_backend("web");
  status.set_server("w1");
  status.set_admin_state(v1::Server::READY);
  status.set_health(v1::Health::DOWN);
  status.set_decided_by("probe-a");
  status.set_reason("timeout");
  status.set_since_ms(192'000);
  status.set_expires_in_ms(9'500);
  status.set_active_requests(3);
  status.set_total_requests(12'345);
  status.set_weight(100);
  status.set_max_requests(10);
  status.set_open_connections(5);
  status.set_max_connections(8);
  return status;
}

v1::ServerStatus UnknownServer() {
  v1::ServerStatus status;
  status.set_backend("api");
  status.set_server("a1");
  status.set_admin_state(v1::Server::DRAIN);
  status.set_eligible(true);
  status.set_weight(1);
  return status;
}

class Status : public ::testing::Test {
 protected:
  Status() {
    v1::ListenerStatus listener;
    listener.set_id("web");
    listener.set_bound_address("127.0.0.1:8080");
    listener.set_open_connections(7);
    proxy_.SetListenerStatus(listener);
    proxy_.SetServerStatus(DownServer());
    proxy_.SetServerStatus(UnknownServer());
    v1::BackendStatus backend;
    backend.set_id("web");
    backend.set_waiting(2);
    backend.set_queue_length(64);
    backend.set_panic(true);
    proxy_.SetBackendStatus(backend);
    v1::BackendStatus without_queue;
    without_queue.set_id("api");
    proxy_.SetBackendStatus(without_queue);
    v1::WorkerStatus worker;
    worker.set_revision(12);
    worker.set_open_connections(4);
    proxy_.SetWorkerStatus(worker);
  }
  FakeProxy proxy_;
};

TEST_F(Status, ShowsTheProxyItsListenersServersAndWorkers) {
  const Outcome outcome = RunForTest(proxy_, {"status"});
  EXPECT_EQ(outcome.code, ExitCode::kDone) << outcome.err;
  EXPECT_EQ(
      outcome.out,
      "NODE     ZONE   VERSION   REVISION   FINGERPRINT\n"
      "node-1   -      0.1.0            0   00000000000000000000000000000000\n"
      "\n"
      "LISTENER   ADDRESS          CONNECTIONS\n"
      "web        127.0.0.1:8080             7\n"
      "\n"
      "BACKEND   WAITING   PANIC\n"
      "web          2/64   yes\n"
      "\n"
      "SERVER   ADMIN_STATE   HEALTH    ELIGIBLE   WEIGHT   ACTIVE   CONNECTIONS   TOTAL   BY        SINCE   EXPIRES   "
      "REASON\n"
      "web/w1   READY         DOWN      no            100     3/10           5/8   12345   probe-a   3m12s        9s   "
      "timeout\n"
      "api/a1   DRAIN         UNKNOWN   yes             1        0             0       0   -           0ms         -   "
      "-\n"
      "\n"
      "WORKER   REVISION   CONNECTIONS   REQUESTS\n"
      "     0         12             4          0\n");
}

TEST_F(Status, OfOneBackend) {
  const Outcome outcome = RunForTest(proxy_, {"status", "api"});
  EXPECT_EQ(outcome.code, ExitCode::kDone) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("api/a1"));
  EXPECT_THAT(outcome.out, ::testing::Not(HasSubstr("web/w1")));
}

TEST_F(Status, OfNoBackendEndsWithOne) {
  const Outcome outcome = RunForTest(proxy_, {"status", "nothing"});
  EXPECT_EQ(outcome.code, ExitCode::kRejected);
  EXPECT_EQ(outcome.err, "no backend \"nothing\" with a server\n");
}

TEST_F(Status, ForProgramsHasEveryFieldEvenZeros) {
  const Outcome outcome = RunForTest(proxy_, {"status", "-o", "json"});
  EXPECT_EQ(outcome.code, ExitCode::kDone) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("\"eligible\": false"));
  EXPECT_THAT(outcome.out, HasSubstr("\"health\": \"UNKNOWN\""));
  EXPECT_THAT(RunForTest(proxy_, {"status", "-o", "yaml"}).out, HasSubstr("eligible: false"));
}

}  // namespace
}  // namespace fairlead::ctl
