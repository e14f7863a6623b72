#include "dataplane/admin/upstream_families.h"

#include <cstdint>

#include "dataplane/admin/metric_writers.h"

namespace fairlead::admin {

namespace {

using config::AdminState;
using config::Health;
using metrics::BackendWorkerCounters;
using metrics::MetricType;
using metrics::PrometheusWriter;
using metrics::ServerWorkerCounters;
using metrics::UpstreamCounters;

void WriteActiveRequests(const ServerItem& item, PrometheusWriter* writer) {
  writer->Write(item.labels(), uint64_t{item.counters().active_requests.load(std::memory_order_relaxed)});
}

void WriteOpenConnections(const ServerItem& item, PrometheusWriter* writer) {
  writer->Write(item.labels(), uint64_t{item.counters().open_connections.load(std::memory_order_relaxed)});
}

void WriteWeight(const ServerItem& item, PrometheusWriter* writer) {
  writer->Write(item.labels(), uint64_t{item.server->weight});
}

void WriteEligible(const ServerItem& item, PrometheusWriter* writer) {
  writer->Write(item.labels(), uint64_t{item.server->IsEligible(item.backend->unknown_is_eligible)});
}

// A state as a set of samples, of which one is 1: what state sets look like in this format.
void WriteHealth(const ServerItem& item, PrometheusWriter* writer) {
  for (Health health : {Health::kUnknown, Health::kUp, Health::kDegraded, Health::kDown}) {
    writer->Write(item.labels(), {"state", config::ToString(health)}, uint64_t{item.server->health == health});
  }
}

void WriteAdminState(const ServerItem& item, PrometheusWriter* writer) {
  for (AdminState state : {AdminState::kReady, AdminState::kDrain, AdminState::kMaint}) {
    writer->Write(item.labels(), {"state", config::ToString(state)}, uint64_t{item.server->admin_state == state});
  }
}

// 19 samples; none for a server that no request was sent to, of which there may be many.
void WriteResponseTime(const ServerItem& item, PrometheusWriter* writer) {
  if (!item.counters().empty()) WriteHistogram<ServerItem, &UpstreamCounters::response_time>(item, writer);
}

constexpr MetricFamily<BackendItem> kBackendFamilies[] = {
    {"active_requests", "Requests that servers are answering.", MetricType::kGauge,
     WriteCounter<BackendItem, &BackendWorkerCounters::requests_active>},
    {"requests_total", "Requests sent to servers, retries included.", MetricType::kCounter,
     WriteCounter<BackendItem, &UpstreamCounters::requests>},
    {"retries_total", "Attempts at a server beyond a request's first.", MetricType::kCounter,
     WriteCounter<BackendItem, &BackendWorkerCounters::retries>},
    {"no_eligible_server_total", "Requests that found no eligible server (503).", MetricType::kCounter,
     WriteCounter<BackendItem, &BackendWorkerCounters::no_eligible_server>},
    {"responses_total", "Responses of servers, by the class of their status.", MetricType::kCounter,
     WriteResponses<BackendItem, &UpstreamCounters::responses>},
    {"failures_total", "Requests that servers ended without a whole response.", MetricType::kCounter,
     WriteCounter<BackendItem, &UpstreamCounters::failures>},
    {"timeouts_total", "Requests given up because the server did not go on in time.", MetricType::kCounter,
     WriteCounter<BackendItem, &UpstreamCounters::timeouts>},
    {"connections_total", "Connections opened to servers.", MetricType::kCounter,
     WriteCounter<BackendItem, &UpstreamCounters::connections>},
    {"connect_failures_total", "Connections to servers that were refused, unreachable or timed out.",
     MetricType::kCounter, WriteCounter<BackendItem, &UpstreamCounters::connect_failures>},
    {"tls_handshakes_total", "TLS handshakes with servers.", MetricType::kCounter,
     WriteCounter<BackendItem, &BackendWorkerCounters::tls_handshakes>},
    {"tls_resumptions_total", "TLS handshakes with servers that resumed a session.", MetricType::kCounter,
     WriteCounter<BackendItem, &BackendWorkerCounters::tls_resumptions>},
    {"tls_failures_total", "Connections to servers whose TLS handshake failed.", MetricType::kCounter,
     WriteCounter<BackendItem, &BackendWorkerCounters::tls_failures>},
    {"sent_bytes_total", "Bytes sent to servers.", MetricType::kCounter,
     WriteCounter<BackendItem, &UpstreamCounters::bytes_sent>},
    {"received_bytes_total", "Bytes received from servers.", MetricType::kCounter,
     WriteCounter<BackendItem, &UpstreamCounters::bytes_received>},
    {"response_time_seconds", "Time from the choice of a server, connecting included, to its response's head.",
     MetricType::kHistogram, WriteHistogram<BackendItem, &UpstreamCounters::response_time>},
};

constexpr MetricFamily<ServerItem> kServerFamilies[] = {
    {"health", "1 for the health that the server has, 0 for the others.", MetricType::kGauge, WriteHealth},
    {"admin_state", "1 for the admin state that the server has, 0 for the others.", MetricType::kGauge,
     WriteAdminState},
    {"eligible", "1 when the server is READY and its health lets it be picked.", MetricType::kGauge, WriteEligible},
    {"weight", "Configured weight of the server.", MetricType::kGauge, WriteWeight},
    {"active_requests", "Requests that the server is answering.", MetricType::kGauge, WriteActiveRequests},
    {"open_connections", "Connections to the server, idle ones included.", MetricType::kGauge, WriteOpenConnections},
    {"limit_reached_total", "Times that the server was found at a limit of its own and passed over.",
     MetricType::kCounter, WriteCounter<ServerItem, &ServerWorkerCounters::limit_reached>},
    {"requests_total", "Requests sent to the server, retries included.", MetricType::kCounter,
     WriteCounter<ServerItem, &UpstreamCounters::requests>},
    {"responses_total", "Responses of the server, by the class of their status.", MetricType::kCounter,
     WriteResponses<ServerItem, &UpstreamCounters::responses>},
    {"failures_total", "Requests that the server ended without a whole response.", MetricType::kCounter,
     WriteCounter<ServerItem, &UpstreamCounters::failures>},
    {"timeouts_total", "Requests given up because the server did not go on in time.", MetricType::kCounter,
     WriteCounter<ServerItem, &UpstreamCounters::timeouts>},
    {"connections_total", "Connections opened to the server.", MetricType::kCounter,
     WriteCounter<ServerItem, &UpstreamCounters::connections>},
    {"connect_failures_total", "Connections to the server that were refused, unreachable or timed out.",
     MetricType::kCounter, WriteCounter<ServerItem, &UpstreamCounters::connect_failures>},
    {"sent_bytes_total", "Bytes sent to the server.", MetricType::kCounter,
     WriteCounter<ServerItem, &UpstreamCounters::bytes_sent>},
    {"received_bytes_total", "Bytes received from the server.", MetricType::kCounter,
     WriteCounter<ServerItem, &UpstreamCounters::bytes_received>},
    {"response_time_seconds", "Time from the choice of the server, connecting included, to its response's head.",
     MetricType::kHistogram, WriteResponseTime},
};

}  // namespace

std::span<const MetricFamily<BackendItem>> BackendFamilies() { return kBackendFamilies; }
std::span<const MetricFamily<ServerItem>> ServerFamilies() { return kServerFamilies; }

}  // namespace fairlead::admin
