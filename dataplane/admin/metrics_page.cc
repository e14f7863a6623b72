#include "dataplane/admin/metrics_page.h"

#include <iterator>
#include <string>

#include "dataplane/admin/admission_families.h"
#include "dataplane/admin/limits_reached.h"
#include "dataplane/admin/server_families.h"

namespace fairlead::admin {

namespace {

using metrics::Counter;
using metrics::MetricType;
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
    {"fairlead_tunnels_total", "Tunnels begun: upgraded connections and CONNECT.", MetricType::kCounter,
     &WorkerCounters::tunnels},
    {"fairlead_active_tunnels", "Tunnels open now, each an active request, too.", MetricType::kGauge,
     &WorkerCounters::tunnels_active},
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

// Each server is in exactly one of these.
constexpr std::string_view kServerStates[] = {"eligible", "unhealthy", "drain", "maint"};

size_t StateOf(const config::BackendSettings& backend, const config::Server& server) {
  switch (server.admin_state) {
    case config::AdminState::kReady:
      return server.IsEligible(backend.unknown_is_eligible) ? 0 : 1;
    case config::AdminState::kDrain:
      return 2;
    case config::AdminState::kMaint:
      return 3;
  }
  return 1;
}

}  // namespace

std::string_view MetricsPage::NextPiece() {
  piece_.clear();
  if (stage_ == Stage::kProcess) {
    WriteProcess();
    WriteControl();
    WriteWorkers();
    stage_ = Stage::kServers;
  }
  for (int steps = 0; stage_ != Stage::kDone && piece_.size() < kPieceBytes; ++steps) {
    if (steps >= kPieceServers && !piece_.empty()) break;
    if (stage_ == Stage::kServers) {
      StepServers();
    } else if (stage_ == Stage::kBackends) {
      StepBackends();
    } else {
      StepAdmission();
    }
  }
  return piece_;
}

void MetricsPage::WriteProcess() {
  const auto gauge = [&](std::string_view name, std::string_view help, auto value) {
    writer_.BeginFamily(name, help, MetricType::kGauge);
    writer_.Write({}, value);
  };
  writer_.BeginFamily("process_cpu_seconds_total", "User and system CPU time spent.", MetricType::kCounter);
  writer_.Write({}, usage_.cpu_seconds);
  gauge("process_start_time_seconds", "Start of the process, in seconds since 1970.", usage_.start_time_seconds);
  gauge("process_resident_memory_bytes", "Resident memory size.", usage_.resident_memory_bytes);
  gauge("process_virtual_memory_bytes", "Virtual memory size.", usage_.virtual_memory_bytes);
  gauge("process_open_fds", "Open file descriptors.", usage_.open_fds);
  gauge("process_max_fds", "Limit of open file descriptors.", usage_.max_fds);
  gauge("fairlead_buffer_bytes", "Memory in buffers of all workers, within 256 KiB for each.", status_.buffer_bytes);
  gauge("fairlead_max_buffer_bytes", "Limit of it; from nine tenths on nothing new begins.", status_.max_buffer_bytes);
  writer_.BeginFamily("fairlead_build_info", "1, with the version of the program.", MetricType::kGauge);
  writer_.Write({{"version", status_.version}}, uint64_t{1});
  gauge("fairlead_ready", "1 when /ready answers 200.", uint64_t{WhyNotReady(status_).empty()});
}

void MetricsPage::WriteControl() {
  writer_.BeginFamily("fairlead_revision", "Revision in force.", MetricType::kGauge);
  writer_.Write({}, status_.snapshot.revision);
  writer_.BeginFamily("fairlead_transactions_total", "Transactions answered.", MetricType::kCounter);
  writer_.Write({{"outcome", "applied"}}, status_.transactions_applied);
  writer_.Write({{"outcome", "rejected"}}, status_.transactions_rejected);
  uint64_t connected = 0;
  for (const ControlSession& session : status_.sessions) connected += session.connected;
  writer_.BeginFamily("fairlead_control_sessions", "Control streams that are up.", MetricType::kGauge);
  writer_.Write({}, connected);
  writer_.BeginFamily("fairlead_health_reports_total", "Health reports answered.", MetricType::kCounter);
  writer_.Write({{"outcome", "accepted"}}, status_.health->reports_accepted());
  writer_.Write({{"outcome", "refused"}}, status_.health->reports_refused());
  writer_.BeginFamily("fairlead_health_reports_expired_total", "Health reports whose time ran out.",
                      MetricType::kCounter);
  writer_.Write({}, status_.health->leases_expired());
}

void MetricsPage::WriteWorkers() {
  const auto sum = [&](auto get_counter) {
    uint64_t total = 0;
    for (const WorkerStatus& worker : status_.workers) total += get_counter(*worker.counters).value();
    return total;
  };
  for (const WorkerFamily& family : kSums) {
    writer_.BeginFamily(family.name, family.help, family.type);
    writer_.Write({}, sum([&](const WorkerCounters& counters) -> const Counter& { return counters.*family.counter; }));
  }
  writer_.BeginFamily("fairlead_responses_total", "Responses sent to clients, by the class of their status.",
                      MetricType::kCounter);
  constexpr std::string_view kClasses[] = {"2xx", "3xx", "4xx", "5xx"};
  for (size_t i = 0; i < std::size(kClasses); ++i) {
    writer_.Write({{"code", kClasses[i]}},
                  sum([&](const WorkerCounters& counters) -> const Counter& { return counters.responses[i + 1]; }));
  }

  writer_.BeginFamily("fairlead_limit_reached_total", "Times that a limit was reached, by its name.",
                      MetricType::kCounter);
  for (const LimitReached& limit : kLimitsReached) {
    writer_.Write({{"limit", limit.name}},
                  sum([&](const WorkerCounters& counters) -> const Counter& { return counters.*limit.counter; }));
  }

  const auto by_worker = [&](std::string_view name, std::string_view help, MetricType type, auto get_value) {
    writer_.BeginFamily(name, help, type);
    for (size_t i = 0; i < status_.workers.size(); ++i) {
      writer_.Write({{"worker", std::to_string(i)}}, get_value(status_.workers[i]));
    }
  };
  by_worker("fairlead_worker_revision", "Revision that the worker serves.", MetricType::kGauge,
            [](const WorkerStatus& worker) { return worker.revision; });
  for (const WorkerFamily& family : kByWorker) {
    by_worker(family.name, family.help, family.type,
              [&](const WorkerStatus& worker) { return (worker.counters->*family.counter).value(); });
  }
}

void MetricsPage::StepServers() {
  const ServerFamily& family = ServerFamilies()[family_];
  if (!family_begun_) writer_.BeginFamily(family.name, family.help, family.type);
  family_begun_ = true;
  switch (walk_.Next()) {
    case ServerWalk::Step::kBackendBegin:
      if (family_ == 0) backends_.push_back({walk_.backend().settings->id});
      return;
    case ServerWalk::Step::kServer: {
      const config::BackendSettings& settings = *walk_.backend().settings;
      if (family_ == 0) ++backends_.back().servers[StateOf(settings, walk_.server())];
      family.write(settings, walk_.server(), &writer_);
      return;
    }
    case ServerWalk::Step::kBackendEnd:
      return;
    case ServerWalk::Step::kEnd:
      walk_ = ServerWalk(&status_.snapshot);
      family_begun_ = false;
      if (++family_ == ServerFamilies().size()) stage_ = Stage::kBackends;
      return;
  }
}

void MetricsPage::StepBackends() {
  if (next_backend_ == 0) {
    writer_.BeginFamily(
        "fairlead_backend_servers",
        "Servers of the backend, by state: eligible; unhealthy: READY, but not of a health that is picked; "
        "drain; maint.",
        MetricType::kGauge);
  }
  if (next_backend_ == backends_.size()) {
    stage_ = Stage::kAdmission;
    next_backend_ = family_ = 0;
    return;
  }
  const BackendServers& backend = backends_[next_backend_++];
  for (size_t i = 0; i < std::size(kServerStates); ++i) {
    writer_.Write({{"backend", backend.backend}, {"state", kServerStates[i]}}, backend.servers[i]);
  }
}

void MetricsPage::StepAdmission() {
  const AdmissionFamily& family = AdmissionFamilies()[family_];
  if (next_backend_ == 0) writer_.BeginFamily(family.name, family.help, family.type);
  if (next_backend_ < status_.snapshot.backends.size()) {
    const config::Backend* backend = status_.snapshot.backends[next_backend_++].get();
    if (backend != nullptr) family.write(*backend, &writer_);
    return;
  }
  next_backend_ = 0;
  if (++family_ == AdmissionFamilies().size()) stage_ = Stage::kDone;
}

}  // namespace fairlead::admin
