#include "dataplane/admin/server_families.h"

#include <array>
#include <cstdint>

namespace fairlead::admin {

namespace {

using config::AdminState;
using config::BackendSettings;
using config::Health;
using config::Server;
using metrics::Counter;
using metrics::MetricType;
using metrics::PrometheusWriter;
using metrics::UpstreamCounters;

constexpr std::array<std::string_view, 5> kClasses = {"1xx", "2xx", "3xx", "4xx", "5xx"};

template <Counter UpstreamCounters::* kCounter>
void WriteCounter(const BackendSettings& backend, const Server& server, PrometheusWriter* writer) {
  writer->Write({{"backend", backend.id}, {"server", server.id}}, metrics::Sum(*server.counters, kCounter));
}

void WriteResponses(const BackendSettings& backend, const Server& server, PrometheusWriter* writer) {
  for (size_t i = 0; i < kClasses.size(); ++i) {
    writer->Write({{"backend", backend.id}, {"server", server.id}, {"code", kClasses[i]}},
                  metrics::Sum(*server.counters,
                               [i](const UpstreamCounters& worker) -> const Counter& { return worker.responses[i]; }));
  }
}

void WriteActiveRequests(const BackendSettings& backend, const Server& server, PrometheusWriter* writer) {
  writer->Write({{"backend", backend.id}, {"server", server.id}},
                uint64_t{server.counters->active_requests.load(std::memory_order_relaxed)});
}

void WriteLimitReached(const BackendSettings& backend, const Server& server, PrometheusWriter* writer) {
  writer->Write({{"backend", backend.id}, {"server", server.id}},
                metrics::Sum(*server.counters, &metrics::ServerWorkerCounters::limit_reached));
}

void WriteOpenConnections(const BackendSettings& backend, const Server& server, PrometheusWriter* writer) {
  writer->Write({{"backend", backend.id}, {"server", server.id}},
                uint64_t{server.counters->open_connections.load(std::memory_order_relaxed)});
}

void WriteWeight(const BackendSettings& backend, const Server& server, PrometheusWriter* writer) {
  writer->Write({{"backend", backend.id}, {"server", server.id}}, uint64_t{server.weight});
}

void WriteEligible(const BackendSettings& backend, const Server& server, PrometheusWriter* writer) {
  writer->Write({{"backend", backend.id}, {"server", server.id}},
                uint64_t{server.IsEligible(backend.unknown_is_eligible)});
}

// A state as a set of samples, of which one is 1: what state sets look like in this format.
void WriteHealth(const BackendSettings& backend, const Server& server, PrometheusWriter* writer) {
  for (Health health : {Health::kUnknown, Health::kUp, Health::kDegraded, Health::kDown}) {
    writer->Write({{"backend", backend.id}, {"server", server.id}, {"state", config::ToString(health)}},
                  uint64_t{server.health == health});
  }
}

void WriteAdminState(const BackendSettings& backend, const Server& server, PrometheusWriter* writer) {
  for (AdminState state : {AdminState::kReady, AdminState::kDrain, AdminState::kMaint}) {
    writer->Write({{"backend", backend.id}, {"server", server.id}, {"state", config::ToString(state)}},
                  uint64_t{server.admin_state == state});
  }
}

constexpr ServerFamily kFamilies[] = {
    {"fairlead_server_health", "1 for the health that the server has, 0 for the others.", MetricType::kGauge,
     WriteHealth},
    {"fairlead_server_admin_state", "1 for the admin state that the server has, 0 for the others.", MetricType::kGauge,
     WriteAdminState},
    {"fairlead_server_eligible", "1 when the server is READY and its health lets it be picked.", MetricType::kGauge,
     WriteEligible},
    {"fairlead_server_weight", "Configured weight of the server.", MetricType::kGauge, WriteWeight},
    {"fairlead_server_active_requests", "Requests that the server is answering.", MetricType::kGauge,
     WriteActiveRequests},
    {"fairlead_server_open_connections", "Connections to the server, idle ones included.", MetricType::kGauge,
     WriteOpenConnections},
    {"fairlead_server_limit_reached_total", "Times that the server was found at a limit of its own and passed over.",
     MetricType::kCounter, WriteLimitReached},
    {"fairlead_server_requests_total", "Requests sent to the server, retries included.", MetricType::kCounter,
     WriteCounter<&UpstreamCounters::requests>},
    {"fairlead_server_responses_total", "Responses of the server, by the class of their status.", MetricType::kCounter,
     WriteResponses},
    {"fairlead_server_failures_total", "Requests that the server ended without a whole response.", MetricType::kCounter,
     WriteCounter<&UpstreamCounters::failures>},
    {"fairlead_server_connections_total", "Connections opened to the server.", MetricType::kCounter,
     WriteCounter<&UpstreamCounters::connections>},
    {"fairlead_server_connect_failures_total", "Connections to the server that were refused, unreachable or timed out.",
     MetricType::kCounter, WriteCounter<&UpstreamCounters::connect_failures>},
};

}  // namespace

std::span<const ServerFamily> ServerFamilies() { return kFamilies; }

}  // namespace fairlead::admin
