#include "dataplane/admin/listener_families.h"

#include <cstdint>
#include <iterator>
#include <memory>

namespace fairlead::admin {

namespace {

using metrics::Counter;
using metrics::ListenerWorkerCounters;
using metrics::MetricType;

struct ListenerFamily {
  std::string_view name;
  std::string_view help;
  MetricType type;
  Counter ListenerWorkerCounters::* counter;
};

constexpr ListenerFamily kFamilies[] = {
    {"fairlead_listener_connections_accepted_total", "Client connections taken, by listener.", MetricType::kCounter,
     &ListenerWorkerCounters::connections_accepted},
    {"fairlead_listener_open_connections", "Client connections open now, by listener.", MetricType::kGauge,
     &ListenerWorkerCounters::connections_open},
    {"fairlead_listener_tcp_received_bytes_total", "Bytes received from clients of the TCP listener.",
     MetricType::kCounter, &ListenerWorkerCounters::tcp_bytes_received},
    {"fairlead_listener_tcp_sent_bytes_total", "Bytes received from servers for clients of the TCP listener.",
     MetricType::kCounter, &ListenerWorkerCounters::tcp_bytes_sent},
};

uint64_t Sum(const metrics::ListenerCounters& counters, Counter ListenerWorkerCounters::* counter) {
  uint64_t sum = 0;
  for (int worker = 0; worker < counters.workers(); ++worker) sum += (counters.of_worker(worker).*counter).value();
  return sum;
}

}  // namespace

size_t ListenerFamilyCount() { return std::size(kFamilies); }

void WriteListenerFamily(size_t family, const config::Snapshot& snapshot, metrics::PrometheusWriter* writer) {
  const auto& [name, help, type, counter] = kFamilies[family];
  writer->BeginFamily(name, help, type);
  snapshot.listeners.ForEach([&, counter = counter](size_t, const std::shared_ptr<const config::Listener>& listener) {
    if (listener != nullptr) writer->Write({{"listener", listener->id}}, Sum(*listener->counters, counter));
  });
}

}  // namespace fairlead::admin
