#include "dataplane/admin/process_families.h"

#include <cstdint>
#include <iterator>
#include <string_view>
#include <utility>

#include "dataplane/health/speaker.h"

namespace fairlead::admin {

namespace {

using metrics::MetricType;
using metrics::PrometheusWriter;

constexpr std::pair<health::Refusal, std::string_view> kRefusalReasons[] = {
    {health::Refusal::kMalformed, "malformed"},
    {health::Refusal::kStranger, "stranger"},
    {health::Refusal::kForeignBackend, "foreign_backend"},
    {health::Refusal::kNoSuchServer, "no_such_server"},
    {health::Refusal::kStale, "stale"},
    {health::Refusal::kTooManyReporters, "too_many_reporters"},
};
static_assert(std::size(kRefusalReasons) == health::kRefusals);

void WriteProcess(const Status& status, const ProcessUsage& usage, PrometheusWriter* writer) {
  const auto gauge = [&](std::string_view name, std::string_view help, auto value) {
    writer->BeginFamily(name, help, MetricType::kGauge);
    writer->Write({}, value);
  };
  writer->BeginFamily("process_cpu_seconds_total", "User and system CPU time spent.", MetricType::kCounter);
  writer->Write({}, usage.cpu_seconds);
  gauge("process_start_time_seconds", "Start of the process, in seconds since 1970.", usage.start_time_seconds);
  gauge("process_resident_memory_bytes", "Resident memory size.", usage.resident_memory_bytes);
  gauge("process_virtual_memory_bytes", "Virtual memory size.", usage.virtual_memory_bytes);
  gauge("process_open_fds", "Open file descriptors.", usage.open_fds);
  gauge("process_max_fds", "Limit of open file descriptors.", usage.max_fds);
  gauge("fairlead_buffer_bytes", "Memory in buffers of all workers, within 256 KiB for each.", status.buffer_bytes);
  gauge("fairlead_max_buffer_bytes", "Limit of it; from nine tenths on nothing new begins.", status.max_buffer_bytes);
  writer->BeginFamily("fairlead_build_info", "1, with the version of the program.", MetricType::kGauge);
  writer->Write({{"version", status.version}}, uint64_t{1});
  gauge("fairlead_ready", "1 when /ready answers 200.", uint64_t{WhyNotReady(status).empty()});
}

void WriteControl(const Status& status, PrometheusWriter* writer) {
  writer->BeginFamily("fairlead_revision", "Revision in force.", MetricType::kGauge);
  writer->Write({}, status.snapshot.revision);
  writer->BeginFamily("fairlead_transactions_total", "Transactions answered.", MetricType::kCounter);
  writer->Write({{"outcome", "applied"}}, status.transactions_applied);
  writer->Write({{"outcome", "rejected"}}, status.transactions_rejected);
  writer->BeginFamily("fairlead_prepared_transactions", "1 while a transaction is prepared.", MetricType::kGauge);
  writer->Write({}, uint64_t{status.prepared});
  writer->BeginFamily("fairlead_prepared_dropped_total", "Prepared transactions that were aborted or ran out of time.",
                      MetricType::kCounter);
  writer->Write({}, status.prepared_dropped);
  writer->BeginFamily("fairlead_commit_lateness_seconds",
                      "How late the last Commit was: from its time until all workers served it.", MetricType::kGauge);
  writer->Write({}, std::chrono::duration<double>(status.commit_lateness).count());
  uint64_t connected = 0;
  for (const ControlSession& session : status.sessions) connected += session.connected;
  writer->BeginFamily("fairlead_control_sessions", "Control streams that are up.", MetricType::kGauge);
  writer->Write({}, connected);
  writer->BeginFamily("fairlead_health_reports_total", "Health reports answered.", MetricType::kCounter);
  writer->Write({{"outcome", "accepted"}}, status.health->reports_accepted());
  writer->Write({{"outcome", "refused"}}, status.health->reports_refused());
  writer->BeginFamily("fairlead_health_reports_refused_total", "Health reports refused, by reason.",
                      MetricType::kCounter);
  for (const auto& [why, reason] : kRefusalReasons)
    writer->Write({{"reason", reason}}, status.health->reports_refused(why));
  writer->BeginFamily("fairlead_health_reports_expired_total", "Health reports whose time ran out.",
                      MetricType::kCounter);
  writer->Write({}, status.health->leases_expired());
  writer->BeginFamily("fairlead_health_decisions_total", "Decisions on servers' health that changed it.",
                      MetricType::kCounter);
  writer->Write({}, status.health->decisions());
  writer->BeginFamily("fairlead_backend_fail_safe", "Decisions that the backend's fail-safe holds back now.",
                      MetricType::kGauge);
  status.health->ForEachFailSafe(
      [&](std::string_view backend, size_t held) { writer->Write({{"backend", backend}}, uint64_t{held}); });
}

void WriteHashTables(const Status& status, PrometheusWriter* writer) {
  const auto counter = [&](std::string_view name, std::string_view help, auto value) {
    writer->BeginFamily(name, help, MetricType::kCounter);
    writer->Write({}, value);
  };
  counter("fairlead_hash_tables_built_total", "Tables of RING_HASH and MAGLEV that were made.",
          status.hash_tables.built);
  counter("fairlead_hash_table_swaps_total", "Times that workers were given such tables beside transactions' own.",
          status.hash_tables.swaps);
  counter("fairlead_hash_table_build_seconds_total", "CPU time spent on making such tables.",
          status.hash_tables.build_seconds);
}

void WriteAccessLog(const Status& status, PrometheusWriter* writer) {
  const auto counter = [&](std::string_view name, std::string_view help, uint64_t value) {
    writer->BeginFamily(name, help, MetricType::kCounter);
    writer->Write({}, value);
  };
  counter("fairlead_access_log_written_total", "Lines of the access log that were written.", status.access_log.written);
  counter("fairlead_access_log_dropped_total", "Lines of the access log that found no room, or no datagram.",
          status.access_log.dropped);
  counter("fairlead_access_log_write_errors_total", "Times that writing or reopening the access log failed.",
          status.access_log.write_errors);
}

void WriteState(const StateOnDisk& state, PrometheusWriter* writer) {
  const auto write = [&](std::string_view name, std::string_view help, MetricType type, uint64_t value) {
    writer->BeginFamily(name, help, type);
    writer->Write({}, value);
  };
  write("fairlead_state_saved_revision", "Last revision that is on the disk.", MetricType::kGauge,
        state.saved_revision);
  write("fairlead_state_good_copies", "Files of the two that hold the state and can be written.", MetricType::kGauge,
        static_cast<uint64_t>(state.good_copies));
  write("fairlead_state_bytes", "Bytes of both files.", MetricType::kGauge, state.bytes);
  write("fairlead_state_write_errors_total", "Times that a file could not be written.", MetricType::kCounter,
        state.failures);
  write("fairlead_state_rewrites_total", "Files that were written anew.", MetricType::kCounter, state.rewrites);
  write("fairlead_state_damaged_files", "Files that were found damaged at the start.", MetricType::kGauge,
        static_cast<uint64_t>(state.damaged_files));
  write("fairlead_state_unbound_listeners", "Listeners that were restored and can't be bound yet.", MetricType::kGauge,
        state.unbound_listeners);
}

}  // namespace

void WriteProcessFamilies(const Status& status, const ProcessUsage& usage, PrometheusWriter* writer) {
  WriteProcess(status, usage, writer);
  WriteControl(status, writer);
  WriteHashTables(status, writer);
  WriteAccessLog(status, writer);
  if (status.state_on_disk.has_value()) WriteState(*status.state_on_disk, writer);
}

}  // namespace fairlead::admin
