#include "prober/pages.h"

#include <algorithm>
#include <string_view>

#include "dataplane/admin/json_writer.h"
#include "dataplane/admin/process_usage.h"
#include "dataplane/metrics/prometheus_writer.h"

namespace fairlead::prober {
namespace {

using metrics::MetricType;
using metrics::PrometheusWriter;

// By Verdict::State.
constexpr std::string_view kStates[] = {"unknown", "up", "down"};

void WriteChecks(const ProberState& state, PrometheusWriter& writer) {
  writer.BeginFamily("fairlead_prober_servers", "Servers that are known.", MetricType::kGauge);
  writer.Write({}, uint64_t{state.census.servers});
  writer.BeginFamily("fairlead_prober_share_servers", "Servers that this prober checks, by what it believes of them.",
                     MetricType::kGauge);
  for (size_t i = 0; i < state.census.by_state.size(); ++i) {
    writer.Write({{"state", kStates[i]}}, uint64_t{state.census.by_state[i]});
  }
  const Checker::Counters& counters = state.counters;
  writer.BeginFamily("fairlead_prober_checks_total", "Checks that have ended.", MetricType::kCounter);
  writer.Write({{"result", "success"}}, counters.succeeded);
  writer.Write({{"result", "failure"}}, counters.failed - counters.timed_out);
  writer.Write({{"result", "timeout"}}, counters.timed_out);
  writer.BeginFamily("fairlead_prober_check_time_seconds_total", "Time that checks took, in all.",
                     MetricType::kCounter);
  writer.Write({}, static_cast<double>(counters.check_us) / 1e6);
  writer.BeginFamily("fairlead_prober_checks_running", "Checks under way.", MetricType::kGauge);
  writer.Write({}, uint64_t{state.running});
  writer.BeginFamily("fairlead_prober_checks_waiting", "Checks that are due and wait for others to end.",
                     MetricType::kGauge);
  writer.Write({}, uint64_t{state.waiting});
  writer.BeginFamily("fairlead_prober_checks_delayed_total", "Checks that had to wait (--max_checks, --max_commands).",
                     MetricType::kCounter);
  writer.Write({}, counters.delayed);
  writer.BeginFamily("fairlead_prober_changes_total", "Changes of what is believed of a server.", MetricType::kCounter);
  writer.Write({}, counters.changes);
}

void WriteProxies(const ProberState& state, PrometheusWriter& writer) {
  const auto write = [&](std::string_view name, std::string_view help, MetricType type, auto value_of) {
    writer.BeginFamily(name, help, type);
    for (const ProxyState& proxy : state.proxies) writer.Write({{"proxy", proxy.address}}, uint64_t{value_of(proxy)});
  };
  write("fairlead_prober_proxy_reached", "Whether the proxy takes reports.", MetricType::kGauge,
        [](const ProxyState& proxy) { return proxy.reached ? 1u : 0u; });
  write("fairlead_prober_reports_sent_total", "Reports that the proxy has answered.", MetricType::kCounter,
        [](const ProxyState& proxy) { return proxy.reports_sent; });
  write("fairlead_prober_reports_refused_total", "Of these, those that it refused.", MetricType::kCounter,
        [](const ProxyState& proxy) { return proxy.reports_refused; });
  write("fairlead_prober_streams_lost_total", "Streams of reports that ended.", MetricType::kCounter,
        [](const ProxyState& proxy) { return proxy.streams_lost; });
}

void WriteProcess(PrometheusWriter& writer) {
  const admin::ProcessUsage usage = admin::ReadProcessUsage();
  writer.BeginFamily("process_cpu_seconds_total", "Processor time, user and system.", MetricType::kCounter);
  writer.Write({}, usage.cpu_seconds);
  writer.BeginFamily("process_resident_memory_bytes", "Memory that is resident.", MetricType::kGauge);
  writer.Write({}, usage.resident_memory_bytes);
  writer.BeginFamily("process_open_fds", "Open descriptors.", MetricType::kGauge);
  writer.Write({}, usage.open_fds);
}

}  // namespace

std::string WriteMetrics(const ProberState& state) {
  std::string text;
  PrometheusWriter writer(&text);
  WriteChecks(state, writer);
  writer.BeginFamily("fairlead_prober_peers", "Other probers that are there.", MetricType::kGauge);
  writer.Write({}, uint64_t{state.peers});
  writer.BeginFamily("fairlead_prober_datagrams_refused_total", "Datagrams that came from no prober.",
                     MetricType::kCounter);
  writer.Write({}, state.datagrams_refused);
  WriteProxies(state, writer);
  WriteProcess(writer);
  return text;
}

std::string WriteServers(const Checker& checker, uint64_t now_ms) {
  std::string text;
  admin::JsonWriter json(&text);
  json.BeginArray();
  checker.ForEach([&](const Checker::Look& server) {
    json.NewLine();
    json.BeginObject();
    json.Key("backend");
    json.String(server.target.backend);
    json.Key("server");
    json.String(server.target.server);
    json.Key("address");
    json.String(server.target.address.ToString());
    json.Key("check");
    json.String(server.settings.kind_name());
    json.Key("state");
    json.String(kStates[static_cast<size_t>(server.state)]);
    json.Key("outcome");
    json.String(server.outcome);
    if (!server.outcome.empty()) {
      json.Key("checked_ms_ago");
      json.Number(now_ms - server.checked_ms);
    }
    json.EndObject();
  });
  json.EndArray();
  text += "\n";
  return text;
}

std::string WhyNotHealthy(const ProberState& state) {
  const bool reaches_one = std::ranges::any_of(state.proxies, &ProxyState::reached);
  return state.proxies.empty() || reaches_one ? "" : "no proxy takes its reports";
}

}  // namespace fairlead::prober
