#include "dataplane/admin/metrics_page.h"

#include <cmath>
#include <set>
#include <string>

#include "dataplane/admin/limits_reached.h"
#include "dataplane/admin/read_page.h"
#include "dataplane/admin/test_fleet.h"
#include "dataplane/metrics/prometheus_reader.h"
#include "dataplane/routing/router.h"
#include "dataplane/tls/failure.h"
#include "dataplane/tls/resumption.h"
#include "gtest/gtest.h"

namespace fairlead::admin {
namespace {

using metrics::PrometheusPage;

PrometheusPage ReadMetrics(const Status& status, const ProcessUsage& usage = {}) {
  MetricsPage page(status, usage);
  auto read = metrics::ReadPrometheusPage(ReadPage(page));
  EXPECT_TRUE(read.ok()) << read.status();
  return read.ok() ? *std::move(read) : PrometheusPage();
}

TEST(MetricsPage, ShowsTheProcessUnderItsUsualNames) {
  ProcessUsage usage;
  usage.cpu_seconds = 1.5;
  usage.start_time_seconds = 1732368330.25;
  usage.resident_memory_bytes = 1;
  usage.virtual_memory_bytes = 2;
  usage.open_fds = 3;
  usage.max_fds = 4;
  const PrometheusPage page = ReadMetrics(TestFleet().status, usage);
  EXPECT_EQ(page.Get("process_cpu_seconds_total"), 1.5);
  EXPECT_EQ(page.Get("process_start_time_seconds"), 1732368330.25);
  EXPECT_EQ(page.Get("process_resident_memory_bytes"), 1);
  EXPECT_EQ(page.Get("process_virtual_memory_bytes"), 2);
  EXPECT_EQ(page.Get("process_open_fds"), 3);
  EXPECT_EQ(page.Get("process_max_fds"), 4);
  EXPECT_EQ(page.Get("fairlead_build_info", "{version=\"0.1.0\"}"), 1);
}

TEST(MetricsPage, ShowsWhatTheControlSideDoes) {
  TestFleet fleet;
  fleet.AddServer(fleet.AddBackend("web"), "w1");
  fleet.status.snapshot.revision = 17;
  fleet.status.transactions_applied = 20;
  fleet.status.buffer_bytes = 3 << 20;
  fleet.status.max_buffer_bytes = 64 << 20;
  fleet.status.transactions_rejected = 3;
  fleet.status.sessions = {{"a", true, true, ""}, {"b", true, false, ""}, {"c", false, true, ""}};
  health::Report report;
  report.backend = "web";
  report.server = "w1";
  report.status = config::Health::kUp;
  report.reporter = "probe-a";
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(fleet.table.Take(report).ok());
  report.server = "w9";
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(fleet.table.Take(report).ok());
  fleet.timers.Advance(100'000);

  const PrometheusPage page = ReadMetrics(fleet.status);
  EXPECT_EQ(page.Get("fairlead_ready"), 1);
  EXPECT_EQ(page.Get("fairlead_revision"), 17);
  EXPECT_EQ(page.Get("fairlead_transactions_total", "{outcome=\"applied\"}"), 20);
  EXPECT_EQ(page.Get("fairlead_transactions_total", "{outcome=\"rejected\"}"), 3);
  EXPECT_EQ(page.Get("fairlead_control_sessions"), 2);
  EXPECT_EQ(page.Get("fairlead_buffer_bytes"), 3 << 20);
  EXPECT_EQ(page.Get("fairlead_max_buffer_bytes"), 64 << 20);
  EXPECT_EQ(page.Get("fairlead_health_reports_total", "{outcome=\"accepted\"}"), 3);
  EXPECT_EQ(page.Get("fairlead_health_reports_total", "{outcome=\"refused\"}"), 2);
  EXPECT_EQ(page.Get("fairlead_health_reports_expired_total"), 1);
}

TEST(MetricsPage, AProxyThatIsNotReadySaysSo) {
  TestFleet fleet;
  fleet.status.draining = true;
  EXPECT_EQ(ReadMetrics(fleet.status).Get("fairlead_ready"), 0);
}

// A counter that is not shown, or shown under another's name, is missing from the sums here.
TEST(MetricsPage, ShowsEveryCounterOfTheWorkersSummed) {
  TestFleet fleet;
  uint64_t value = 1;
  for (metrics::WorkerCounters& worker : fleet.workers) {
    for (metrics::Counter* counter :
         {&worker.connections_accepted, &worker.connections_open,  &worker.accept_errors, &worker.requests,
          &worker.requests_active,      &worker.responses[1],      &worker.responses[2],  &worker.responses[3],
          &worker.responses[4],         &worker.request_errors,    &worker.no_route,      &worker.no_eligible_server,
          &worker.upstream_failures,    &worker.upstream_timeouts, &worker.retries,       &worker.client_aborts,
          &worker.header_timeouts,      &worker.idle_timeouts,     &worker.tunnels,       &worker.tunnels_active}) {
      counter->Add(value);
      value *= 2;
    }
  }
  const PrometheusPage page = ReadMetrics(fleet.status);
  constexpr int kCounters = 20;
  const auto both = [](int position) { return std::ldexp(1, position) + std::ldexp(1, position + kCounters); };
  EXPECT_EQ(page.Get("fairlead_connections_accepted_total"), both(0));
  EXPECT_EQ(page.Get("fairlead_open_connections"), both(1));
  EXPECT_EQ(page.Get("fairlead_accept_errors_total"), both(2));
  EXPECT_EQ(page.Get("fairlead_requests_total"), both(3));
  EXPECT_EQ(page.Get("fairlead_active_requests"), both(4));
  EXPECT_EQ(page.Get("fairlead_responses_total", "{code=\"2xx\"}"), both(5));
  EXPECT_EQ(page.Get("fairlead_responses_total", "{code=\"3xx\"}"), both(6));
  EXPECT_EQ(page.Get("fairlead_responses_total", "{code=\"4xx\"}"), both(7));
  EXPECT_EQ(page.Get("fairlead_responses_total", "{code=\"5xx\"}"), both(8));
  EXPECT_EQ(page.Get("fairlead_request_errors_total"), both(9));
  EXPECT_EQ(page.Get("fairlead_no_route_total"), both(10));
  EXPECT_EQ(page.Get("fairlead_no_eligible_server_total"), both(11));
  EXPECT_EQ(page.Get("fairlead_upstream_failures_total"), both(12));
  EXPECT_EQ(page.Get("fairlead_upstream_timeouts_total"), both(13));
  EXPECT_EQ(page.Get("fairlead_retries_total"), both(14));
  EXPECT_EQ(page.Get("fairlead_client_aborts_total"), both(15));
  EXPECT_EQ(page.Get("fairlead_header_timeouts_total"), both(16));
  EXPECT_EQ(page.Get("fairlead_idle_timeouts_total"), both(17));
  EXPECT_EQ(page.Get("fairlead_tunnels_total"), both(18));
  EXPECT_EQ(page.Get("fairlead_active_tunnels"), both(19));
  EXPECT_EQ(page.Get("fairlead_worker_requests_total", "{worker=\"1\"}"), std::ldexp(1, 3 + kCounters));
  EXPECT_EQ(page.Get("fairlead_worker_open_connections", "{worker=\"0\"}"), 2);
  EXPECT_EQ(page.Get("fairlead_worker_active_requests", "{worker=\"0\"}"), 16);
  EXPECT_EQ(page.Get("fairlead_worker_revision", "{worker=\"1\"}"), 1);
}

TEST(MetricsPage, ShowsWhatAdoptingCostAllWorkers) {
  TestFleet fleet;
  fleet.workers[0].adoption.Observe(400);
  fleet.workers[1].adoption.Observe(900);
  const PrometheusPage page = ReadMetrics(fleet.status);
  EXPECT_EQ(page.Get("fairlead_adoption_seconds", "_bucket{le=\"0.0005\"}"), 1);
  EXPECT_EQ(page.Get("fairlead_adoption_seconds", "_bucket{le=\"0.001\"}"), 2);
  EXPECT_EQ(page.Get("fairlead_adoption_seconds", "_count"), 2);
  EXPECT_DOUBLE_EQ(page.Get("fairlead_adoption_seconds", "_sum"), 0.0013);
}

TEST(MetricsPage, ShowsEachLimitsOwnCounter) {
  TestFleet fleet;
  uint64_t value = 0;
  for (const LimitReached& limit : kLimitsReached) {
    for (metrics::WorkerCounters& worker : fleet.workers) (worker.*limit.counter).Add(++value);
  }
  const PrometheusPage page = ReadMetrics(fleet.status);
  value = 0;
  for (const LimitReached& limit : kLimitsReached) {
    const std::string labels = "{limit=\"" + std::string(limit.name) + "\"}";
    EXPECT_EQ(page.Get("fairlead_limit_reached_total", labels), 2 * value + 3) << limit.name;
    value += 2;
  }
}

TEST(MetricsPage, ShowsWhatEachServerDoes) {
  TestFleet fleet;
  const size_t web = fleet.AddBackend("web");
  metrics::ServerCounters& counters = fleet.AddServer(web, "w1", [](config::Server* server) { server->weight = 5; });
  fleet.AddServer(web, "w2");
  counters.active_requests = 7;
  counters.open_connections = 8;
  for (int worker = 0; worker < 2; ++worker) {
    counters.of_worker(worker).requests.Add(10);
    counters.of_worker(worker).responses[0].Add(1);
    counters.of_worker(worker).responses[1].Add(2);
    counters.of_worker(worker).responses[4].Add(5);
    counters.of_worker(worker).failures.Add(20);
    counters.of_worker(worker).connections.Add(30);
    counters.of_worker(worker).connect_failures.Add(40);
    counters.of_worker(worker).limit_reached.Add(50);
  }
  const PrometheusPage page = ReadMetrics(fleet.status);
  const std::string w1 = "{backend=\"web\",server=\"w1\"}";
  EXPECT_EQ(page.Get("fairlead_server_weight", w1), 5);
  EXPECT_EQ(page.Get("fairlead_server_active_requests", w1), 7);
  EXPECT_EQ(page.Get("fairlead_server_requests_total", w1), 20);
  EXPECT_EQ(page.Get("fairlead_server_requests_total", "{backend=\"web\",server=\"w2\"}"), 0);
  EXPECT_EQ(page.Get("fairlead_server_responses_total", "{backend=\"web\",server=\"w1\",code=\"1xx\"}"), 2);
  EXPECT_EQ(page.Get("fairlead_server_responses_total", "{backend=\"web\",server=\"w1\",code=\"2xx\"}"), 4);
  EXPECT_EQ(page.Get("fairlead_server_responses_total", "{backend=\"web\",server=\"w1\",code=\"5xx\"}"), 10);
  EXPECT_EQ(page.Get("fairlead_server_failures_total", w1), 40);
  EXPECT_EQ(page.Get("fairlead_server_connections_total", w1), 60);
  EXPECT_EQ(page.Get("fairlead_server_connect_failures_total", w1), 80);
  EXPECT_EQ(page.Get("fairlead_server_limit_reached_total", w1), 100);
  EXPECT_EQ(page.Get("fairlead_server_open_connections", w1), 8);
}

TEST(MetricsPage, ShowsWhoWaitsForEachBackend) {
  TestFleet fleet;
  const size_t web = fleet.AddBackend("web");
  fleet.AddFreeSlots(web);
  fleet.AddBackend("api");
  metrics::BackendAdmission& admission = *fleet.status.snapshot.backends[web]->admission;
  admission.waiting = 3;
  for (int worker = 0; worker < 2; ++worker) {
    metrics::WorkerAdmission& counters = admission.of_worker(worker);
    counters.queued.Add(10);
    counters.queue_timeouts.Add(20);
    counters.queue_overflows.Add(30);
    counters.queue_wait_ms.Add(250);
    counters.panic.Set(1);
    counters.panic_requests.Add(40);
  }
  const PrometheusPage page = ReadMetrics(fleet.status);
  EXPECT_EQ(page.Get("fairlead_backend_queue_length", "{backend=\"web\"}"), 3);
  EXPECT_EQ(page.Get("fairlead_backend_queued_total", "{backend=\"web\"}"), 20);
  EXPECT_EQ(page.Get("fairlead_backend_queue_timeouts_total", "{backend=\"web\"}"), 40);
  EXPECT_EQ(page.Get("fairlead_backend_queue_overflows_total", "{backend=\"web\"}"), 60);
  EXPECT_EQ(page.Get("fairlead_backend_queue_wait_seconds_total", "{backend=\"web\"}"), 0.5);
  EXPECT_EQ(page.Get("fairlead_backend_panic", "{backend=\"web\"}"), 1);
  EXPECT_EQ(page.Get("fairlead_backend_panic_requests_total", "{backend=\"web\"}"), 80);
  EXPECT_EQ(page.Get("fairlead_backend_panic", "{backend=\"api\"}"), 0);
}

TEST(MetricsPage, ShowsTheResponseTimesOfServersThatWereUsed) {
  TestFleet fleet;
  const size_t web = fleet.AddBackend("web");
  metrics::ServerCounters& counters = fleet.AddServer(web, "w1");
  fleet.AddServer(web, "unused");
  counters.of_worker(0).response_time.Observe(3'000);
  counters.of_worker(1).response_time.Observe(300'000);
  const PrometheusPage page = ReadMetrics(fleet.status);
  const std::string family = "fairlead_server_response_time_seconds";
  EXPECT_EQ(page.Get(family, "_bucket{backend=\"web\",server=\"w1\",le=\"0.0025\"}"), 0);
  EXPECT_EQ(page.Get(family, "_bucket{backend=\"web\",server=\"w1\",le=\"0.005\"}"), 1);
  EXPECT_EQ(page.Get(family, "_count{backend=\"web\",server=\"w1\"}"), 2);
  EXPECT_DOUBLE_EQ(page.Get(family, "_sum{backend=\"web\",server=\"w1\"}"), 0.303);
  EXPECT_TRUE(std::isnan(page.Get(family, "_count{backend=\"web\",server=\"unused\"}")));
}

TEST(MetricsPage, ShowsWhatEachBackendDoes) {
  TestFleet fleet;
  fleet.AddFreeSlots(fleet.AddBackend("web"));
  metrics::BackendCounters& counters = *fleet.status.snapshot.backends[0]->counters;
  for (int worker = 0; worker < 2; ++worker) {
    metrics::BackendWorkerCounters& own = counters.of_worker(worker);
    uint64_t value = 1;
    for (metrics::Counter* counter :
         {&own.requests_active, &own.requests, &own.retries, &own.no_eligible_server, &own.responses[1], &own.failures,
          &own.timeouts, &own.connections, &own.connect_failures, &own.bytes_sent, &own.bytes_received}) {
      counter->Add(value++);
    }
    own.response_time.Observe(1'000'000);
  }
  const PrometheusPage page = ReadMetrics(fleet.status);
  const std::string web = "{backend=\"web\"}";
  EXPECT_EQ(page.Get("fairlead_backend_active_requests", web), 2);
  EXPECT_EQ(page.Get("fairlead_backend_requests_total", web), 4);
  EXPECT_EQ(page.Get("fairlead_backend_retries_total", web), 6);
  EXPECT_EQ(page.Get("fairlead_backend_no_eligible_server_total", web), 8);
  EXPECT_EQ(page.Get("fairlead_backend_responses_total", "{backend=\"web\",code=\"2xx\"}"), 10);
  EXPECT_EQ(page.Get("fairlead_backend_failures_total", web), 12);
  EXPECT_EQ(page.Get("fairlead_backend_timeouts_total", web), 14);
  EXPECT_EQ(page.Get("fairlead_backend_connections_total", web), 16);
  EXPECT_EQ(page.Get("fairlead_backend_connect_failures_total", web), 18);
  EXPECT_EQ(page.Get("fairlead_backend_sent_bytes_total", web), 20);
  EXPECT_EQ(page.Get("fairlead_backend_received_bytes_total", web), 22);
  EXPECT_EQ(page.Get("fairlead_backend_response_time_seconds", "_sum" + web), 2);
}

// Sets each counter of a listener or rule to a number of its own.
void Count(metrics::RequestCounters* counters) {
  uint64_t value = 1;
  for (metrics::Counter* counter : {&counters->requests, &counters->requests_active, &counters->responses[4],
                                    &counters->failures, &counters->client_aborts}) {
    counter->Add(value++);
  }
  counters->duration.Observe(2'000'000);
}

TEST(MetricsPage, ShowsWhatComesByEachListener) {
  TestFleet fleet;
  fleet.AddFreeSlots(fleet.AddBackend("web"));
  fleet.AddListener("front", "10.0.0.1:80", "10.0.0.1:80");
  fleet.AddListener("quiet", "10.0.0.1:81", "10.0.0.1:81");
  for (int worker = 0; worker < 2; ++worker) {
    metrics::ListenerWorkerCounters& own = fleet.status.snapshot.listeners[1]->counters->of_worker(worker);
    Count(&own);
    own.connections_accepted.Add(10);
    own.connections_open.Add(20);
    own.bytes_received.Add(30);
    own.bytes_sent.Add(40);
    own.refused_connections.Add(1);
    own.refused_source_connections.Add(2);
    own.proxy_header_untrusted.Add(3);
    own.proxy_header_errors.Add(4);
    own.proxy_header_timeouts.Add(5);
    own.client_hello_errors.Add(6);
    own.client_hello_timeouts.Add(7);
    own.no_sni_route.Add(8);
    own.tls12_handshakes.Add(50);
    own.tls13_handshakes.Add(60);
    own.tls_resumed_by_ticket.Add(70);
    own.tls_resumed_by_id.Add(75);
    for (int i = 0; i < tls::kResumptionRefusals; ++i) {
      own.tls_resumption_refusals[i].Add(static_cast<uint64_t>(i) + 10);
    }
    own.tls_handshake_timeouts.Add(80);
    for (int i = 0; i < tls::kEarlyDataOutcomes; ++i) own.tls_early_data[i].Add(static_cast<uint64_t>(i) + 20);
    for (int i = 0; i < tls::kFailureCauses; ++i) own.tls_failures[i].Add(static_cast<uint64_t>(i) + 1);
  }
  const PrometheusPage page = ReadMetrics(fleet.status);
  const std::string front = "{listener=\"front\"}";
  EXPECT_EQ(page.Get("fairlead_listener_requests_total", front), 2);
  EXPECT_EQ(page.Get("fairlead_listener_active_requests", front), 4);
  EXPECT_EQ(page.Get("fairlead_listener_responses_total", "{listener=\"front\",code=\"5xx\"}"), 6);
  EXPECT_EQ(page.Get("fairlead_listener_failures_total", front), 8);
  EXPECT_EQ(page.Get("fairlead_listener_client_aborts_total", front), 10);
  EXPECT_EQ(page.Get("fairlead_listener_request_duration_seconds", "_sum" + front), 4);
  EXPECT_EQ(page.Get("fairlead_listener_connections_accepted_total", front), 20);
  EXPECT_EQ(page.Get("fairlead_listener_open_connections", front), 40);
  EXPECT_EQ(page.Get("fairlead_listener_received_bytes_total", front), 60);
  EXPECT_EQ(page.Get("fairlead_listener_sent_bytes_total", front), 80);
  EXPECT_EQ(page.Get("fairlead_listener_tls_handshakes_total", "{listener=\"front\",version=\"TLSv1.2\"}"), 100);
  EXPECT_EQ(page.Get("fairlead_listener_tls_handshakes_total", "{listener=\"front\",version=\"TLSv1.3\"}"), 120);
  EXPECT_EQ(page.Get("fairlead_listener_tls_resumed_total", "{listener=\"front\",by=\"ticket\"}"), 140);
  EXPECT_EQ(page.Get("fairlead_listener_tls_resumed_total", "{listener=\"front\",by=\"session_id\"}"), 150);
  const auto refused = [&](const std::string& cause) {
    return page.Get("fairlead_listener_tls_resumptions_refused_total", "{listener=\"front\",cause=\"" + cause + "\"}");
  };
  EXPECT_EQ(refused("unknown"), 20);
  EXPECT_EQ(refused("certificate"), 28);
  EXPECT_EQ(page.Get("fairlead_listener_tls_early_data_total", "{listener=\"front\",outcome=\"taken\"}"), 40);
  EXPECT_EQ(page.Get("fairlead_listener_tls_early_data_total", "{listener=\"front\",outcome=\"refused\"}"), 46);
  EXPECT_EQ(page.Get("fairlead_listener_tls_session_cache_entries", front), 0);
  EXPECT_EQ(page.Get("fairlead_listener_tls_session_cache_evictions_total", front), 0);
  EXPECT_EQ(page.Get("fairlead_listener_tls_handshake_timeouts_total", front), 160);
  EXPECT_EQ(page.Get("fairlead_listener_tls_failures_total", "{listener=\"front\",cause=\"closed\"}"), 2);
  EXPECT_EQ(page.Get("fairlead_listener_tls_failures_total", "{listener=\"front\",cause=\"certificate\"}"), 12);
  double expected = 2;
  for (const char* name :
       {"refused_connections", "refused_source_connections", "proxy_header_untrusted", "proxy_header_errors",
        "proxy_header_timeouts", "client_hello_errors", "client_hello_timeouts", "no_sni_route"}) {
    EXPECT_EQ(page.Get(std::string("fairlead_listener_") + name + "_total", front), expected) << name;
    expected += 2;
  }
  EXPECT_EQ(page.Get("fairlead_listener_requests_total", "{listener=\"quiet\"}"), 0);
}

TEST(MetricsPage, ShowsWhatGoesByEachRule) {
  TestFleet fleet;
  fleet.AddFreeSlots(fleet.AddBackend("web"));
  fleet.AddRouteTable("main", {"none"}, {});
  fleet.AddRouteTable("other", {"a", "b"}, {"api", "rest"});
  const config::RouteTable& table = fleet.status.snapshot.route_tables[2]->table();
  for (int worker = 0; worker < 2; ++worker) Count(&table.virtual_hosts[1].rules[0].counters->of_worker(worker));
  const PrometheusPage page = ReadMetrics(fleet.status);
  const std::string api = "{route_table=\"other\",virtual_host=\"b\",rule=\"api\"}";
  EXPECT_EQ(page.Get("fairlead_rule_requests_total", api), 2);
  EXPECT_EQ(page.Get("fairlead_rule_active_requests", api), 4);
  EXPECT_EQ(
      page.Get("fairlead_rule_responses_total", "{route_table=\"other\",virtual_host=\"b\",rule=\"api\",code=\"5xx\"}"),
      6);
  EXPECT_EQ(page.Get("fairlead_rule_failures_total", api), 8);
  EXPECT_EQ(page.Get("fairlead_rule_client_aborts_total", api), 10);
  EXPECT_EQ(page.Get("fairlead_rule_request_duration_seconds", "_sum" + api), 4);
  EXPECT_EQ(page.families.at("fairlead_rule_requests_total").samples.size(), 4u);
}

TEST(MetricsPage, LeavesServersOutWhereTheyAreNotWanted) {
  TestFleet fleet;
  const size_t web = fleet.AddBackend("web");
  for (int s = 0; s < 5'000; ++s) fleet.AddServer(web, "s" + std::to_string(s));
  fleet.status.server_metrics = false;
  const PrometheusPage page = ReadMetrics(fleet.status);
  for (const auto& [name, family] : page.families) EXPECT_FALSE(name.starts_with("fairlead_server_")) << name;
  EXPECT_EQ(page.Get("fairlead_backend_servers", "{backend=\"web\",state=\"eligible\"}"), 5'000);
  EXPECT_EQ(page.Get("fairlead_backend_requests_total", "{backend=\"web\"}"), 0);
}

TEST(MetricsPage, ShowsStatesOfServersAndHowManyOfABackendAreInEach) {
  TestFleet fleet;
  const size_t web = fleet.AddBackend("web");
  const auto add = [&](const std::string& id, config::AdminState state, config::Health health) {
    fleet.AddServer(web, id, [&](config::Server* server) {
      server->admin_state = state;
      server->health = health;
    });
  };
  add("up", config::AdminState::kReady, config::Health::kUp);
  add("unknown", config::AdminState::kReady, config::Health::kUnknown);
  add("degraded", config::AdminState::kReady, config::Health::kDegraded);
  add("down", config::AdminState::kReady, config::Health::kDown);
  add("drain", config::AdminState::kDrain, config::Health::kUp);
  add("maint", config::AdminState::kMaint, config::Health::kDown);
  fleet.AddFreeSlots(web);
  fleet.AddBackend("empty");

  const PrometheusPage page = ReadMetrics(fleet.status);
  EXPECT_EQ(page.Get("fairlead_server_health", "{backend=\"web\",server=\"down\",state=\"DOWN\"}"), 1);
  EXPECT_EQ(page.Get("fairlead_server_health", "{backend=\"web\",server=\"down\",state=\"UP\"}"), 0);
  EXPECT_EQ(page.Get("fairlead_server_health", "{backend=\"web\",server=\"degraded\",state=\"DEGRADED\"}"), 1);
  EXPECT_EQ(page.Get("fairlead_server_health", "{backend=\"web\",server=\"unknown\",state=\"UNKNOWN\"}"), 1);
  EXPECT_EQ(page.Get("fairlead_server_admin_state", "{backend=\"web\",server=\"drain\",state=\"DRAIN\"}"), 1);
  EXPECT_EQ(page.Get("fairlead_server_admin_state", "{backend=\"web\",server=\"drain\",state=\"READY\"}"), 0);
  EXPECT_EQ(page.Get("fairlead_server_eligible", "{backend=\"web\",server=\"up\"}"), 1);
  EXPECT_EQ(page.Get("fairlead_server_eligible", "{backend=\"web\",server=\"drain\"}"), 0);
  EXPECT_EQ(page.Get("fairlead_server_eligible", "{backend=\"web\",server=\"down\"}"), 0);
  EXPECT_EQ(page.Get("fairlead_backend_servers", "{backend=\"web\",state=\"eligible\"}"), 3);
  EXPECT_EQ(page.Get("fairlead_backend_servers", "{backend=\"web\",state=\"unhealthy\"}"), 1);
  EXPECT_EQ(page.Get("fairlead_backend_servers", "{backend=\"web\",state=\"drain\"}"), 1);
  EXPECT_EQ(page.Get("fairlead_backend_servers", "{backend=\"web\",state=\"maint\"}"), 1);
  EXPECT_EQ(page.Get("fairlead_backend_servers", "{backend=\"empty\",state=\"eligible\"}"), 0);
}

TEST(MetricsPage, ShowsEveryServerOfABigFleetInEveryFamily) {
  TestFleet fleet;
  for (int b = 0; b < 2'000; ++b) fleet.AddBackend("empty" + std::to_string(b));
  for (int b = 0; b < 3; ++b) {
    const size_t backend = fleet.AddBackend("b" + std::to_string(b));
    for (int s = 0; s < 1'500; ++s) fleet.AddServer(backend, "s" + std::to_string(s));
  }
  const PrometheusPage page = ReadMetrics(fleet.status);
  EXPECT_EQ(page.families.at("fairlead_server_requests_total").samples.size(), 4'500);
  EXPECT_EQ(page.families.at("fairlead_server_responses_total").samples.size(), 5 * 4'500);
  EXPECT_EQ(page.families.at("fairlead_server_health").samples.size(), 4 * 4'500);
  EXPECT_EQ(page.families.at("fairlead_backend_servers").samples.size(), 4 * 2'003);
}

TEST(MetricsPage, AnEmptyProxyHasAllItsFamilies) {
  TestFleet empty;
  empty.status.snapshot = {};
  TestFleet full;
  full.AddServer(full.AddBackend("web"), "w1");
  std::set<std::string> names;
  for (const auto& [name, family] : ReadMetrics(full.status).families) names.insert(name);
  for (const auto& [name, family] : ReadMetrics(empty.status).families) EXPECT_EQ(names.erase(name), 1);
  EXPECT_TRUE(names.empty());
}

}  // namespace
}  // namespace fairlead::admin
