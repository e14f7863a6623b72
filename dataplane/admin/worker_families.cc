#include "dataplane/admin/worker_families.h"

#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "dataplane/admin/limits_reached.h"
#include "dataplane/admin/metric_writers.h"

namespace fairlead::admin {

namespace {

using metrics::Counter;
using metrics::MetricType;
using metrics::PrometheusWriter;
using metrics::WorkerCounters;

// What a worker counts, summed over all workers.
struct WorkerFamily {
  std::string_view name;
  std::string_view help;
  MetricType type;
  Counter WorkerCounters::* counter;
};

constexpr WorkerFamily kSums[] = {
    {"fairlead_connections_accepted_total", "Client connections accepted.", MetricType::kCounter,
     &WorkerCounters::connections_accepted},
    {"fairlead_open_connections", "Client connections open now.", MetricType::kGauge,
     &WorkerCounters::connections_open},
    {"fairlead_accept_errors_total", "Times that accepting failed for want of descriptors or memory.",
     MetricType::kCounter, &WorkerCounters::accept_errors},
    {"fairlead_requests_total", "Requests whose head was received whole.", MetricType::kCounter,
     &WorkerCounters::requests},
    {"fairlead_active_requests", "Requests in progress.", MetricType::kGauge, &WorkerCounters::requests_active},
    {"fairlead_request_errors_total", "Malformed requests that were refused.", MetricType::kCounter,
     &WorkerCounters::request_errors},
    {"fairlead_no_route_total", "Requests that no virtual host or rule matched (404).", MetricType::kCounter,
     &WorkerCounters::no_route},
    {"fairlead_no_eligible_server_total", "Requests that found no eligible server (503).", MetricType::kCounter,
     &WorkerCounters::no_eligible_server},
    {"fairlead_upstream_failures_total", "Requests that servers failed (502, or cut short).", MetricType::kCounter,
     &WorkerCounters::upstream_failures},
    {"fairlead_upstream_timeouts_total", "Requests that servers did not answer in time (504).", MetricType::kCounter,
     &WorkerCounters::upstream_timeouts},
    {"fairlead_retries_total", "Attempts at a server beyond the first.", MetricType::kCounter,
     &WorkerCounters::retries},
    {"fairlead_client_aborts_total", "Clients that left before their response was whole.", MetricType::kCounter,
     &WorkerCounters::client_aborts},
    {"fairlead_header_timeouts_total", "Requests whose head took too long (408).", MetricType::kCounter,
     &WorkerCounters::header_timeouts},
    {"fairlead_idle_timeouts_total", "Idle client connections closed.", MetricType::kCounter,
     &WorkerCounters::idle_timeouts},
    {"fairlead_http2_connections_total", "Client connections on which HTTP/2 was begun.", MetricType::kCounter,
     &WorkerCounters::http2_connections},
    {"fairlead_tunnels_total", "Tunnels begun: upgraded connections and CONNECT.", MetricType::kCounter,
     &WorkerCounters::tunnels},
    {"fairlead_active_tunnels", "Tunnels open now, each an active request, too.", MetricType::kGauge,
     &WorkerCounters::tunnels_active},
    {"fairlead_upstream_http2_connections", "HTTP/2 connections to servers open now.", MetricType::kGauge,
     &WorkerCounters::upstream_http2_connections},
    {"fairlead_upstream_refused_streams_total",
     "Requests that servers refused before they began with them (HTTP/2): tried elsewhere where that may be.",
     MetricType::kCounter, &WorkerCounters::upstream_refused_streams},
};

// What shows how work spreads over the workers.
constexpr WorkerFamily kByWorker[] = {
    {"fairlead_worker_open_connections", "Client connections open now, by worker.", MetricType::kGauge,
     &WorkerCounters::connections_open},
    {"fairlead_worker_active_requests", "Requests in progress, by worker.", MetricType::kGauge,
     &WorkerCounters::requests_active},
    {"fairlead_worker_requests_total", "Requests whose head was received whole, by worker.", MetricType::kCounter,
     &WorkerCounters::requests},
};

}  // namespace

void WriteWorkerFamilies(const std::vector<WorkerStatus>& workers, PrometheusWriter* writer) {
  const auto sum = [&](auto get_counter) {
    uint64_t total = 0;
    for (const WorkerStatus& worker : workers) total += get_counter(*worker.counters).value();
    return total;
  };
  for (const WorkerFamily& family : kSums) {
    writer->BeginFamily(family.name, family.help, family.type);
    writer->Write({}, sum([&](const WorkerCounters& counters) -> const Counter& { return counters.*family.counter; }));
  }
  writer->BeginFamily("fairlead_responses_total", "Responses sent to clients, by the class of their status.",
                      MetricType::kCounter);
  for (size_t i = 0; i < std::size(kResponseClasses); ++i) {
    writer->Write({{"code", kResponseClasses[i]}},
                  sum([&](const WorkerCounters& counters) -> const Counter& { return counters.responses[i]; }));
  }

  writer->BeginFamily("fairlead_limit_reached_total", "Times that a limit was reached, by its name.",
                      MetricType::kCounter);
  for (const LimitReached& limit : kLimitsReached) {
    writer->Write({{"limit", limit.name}},
                  sum([&](const WorkerCounters& counters) -> const Counter& { return counters.*limit.counter; }));
  }

  writer->BeginFamily("fairlead_adoption_seconds", "Time that workers took to go over to a revision.",
                      MetricType::kHistogram);
  metrics::HistogramSum adoption;
  for (const WorkerStatus& worker : workers) adoption.Add(worker.counters->adoption);
  writer->Write({}, adoption);

  const auto by_worker = [&](std::string_view name, std::string_view help, MetricType type, auto get_value) {
    writer->BeginFamily(name, help, type);
    for (size_t i = 0; i < workers.size(); ++i) {
      writer->Write({{"worker", std::to_string(i)}}, get_value(workers[i]));
    }
  };
  by_worker("fairlead_worker_revision", "Revision that the worker serves.", MetricType::kGauge,
            [](const WorkerStatus& worker) { return worker.revision; });
  for (const WorkerFamily& family : kByWorker) {
    by_worker(family.name, family.help, family.type,
              [&](const WorkerStatus& worker) { return (worker.counters->*family.counter).value(); });
  }
}

}  // namespace fairlead::admin
