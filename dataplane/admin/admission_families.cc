#include "dataplane/admin/admission_families.h"

#include <cstdint>

#include "dataplane/metrics/backend_admission.h"

namespace fairlead::admin {

namespace {

using metrics::Counter;
using metrics::MetricType;
using metrics::PrometheusWriter;
using metrics::WorkerAdmission;

template <Counter WorkerAdmission::* kCounter>
uint64_t Sum(const config::Backend& backend) {
  uint64_t sum = 0;
  for (int i = 0; i < backend.admission->workers(); ++i) sum += (backend.admission->of_worker(i).*kCounter).value();
  return sum;
}

template <Counter WorkerAdmission::* kCounter>
void WriteSum(const config::Backend& backend, PrometheusWriter* writer) {
  writer->Write({{"backend", backend.settings->id}}, Sum<kCounter>(backend));
}

void WriteWaiting(const config::Backend& backend, PrometheusWriter* writer) {
  writer->Write({{"backend", backend.settings->id}},
                uint64_t{backend.admission->waiting.load(std::memory_order_relaxed)});
}

void WriteWaitSeconds(const config::Backend& backend, PrometheusWriter* writer) {
  writer->Write({{"backend", backend.settings->id}},
                static_cast<double>(Sum<&WorkerAdmission::queue_wait_ms>(backend)) / 1000);
}

// Each worker says so by itself, and all of them the same within a moment.
void WritePanic(const config::Backend& backend, PrometheusWriter* writer) {
  writer->Write({{"backend", backend.settings->id}}, uint64_t{Sum<&WorkerAdmission::panic>(backend) > 0});
}

constexpr AdmissionFamily kFamilies[] = {
    {"fairlead_backend_queue_length", "Requests that wait for a server of the backend to have room.",
     MetricType::kGauge, WriteWaiting},
    {"fairlead_backend_queued_total", "Requests that had to wait.", MetricType::kCounter,
     WriteSum<&WorkerAdmission::queued>},
    {"fairlead_backend_queue_timeouts_total", "Requests that waited for longer than the queue's timeout (503).",
     MetricType::kCounter, WriteSum<&WorkerAdmission::queue_timeouts>},
    {"fairlead_backend_queue_overflows_total",
     "Requests that found all servers at their limits, and the queue full or without any length (503).",
     MetricType::kCounter, WriteSum<&WorkerAdmission::queue_overflows>},
    {"fairlead_backend_queue_wait_seconds_total", "Time that requests have waited.", MetricType::kCounter,
     WriteWaitSeconds},
    {"fairlead_backend_panic", "1 while so few servers are eligible that health is not looked at.", MetricType::kGauge,
     WritePanic},
    {"fairlead_backend_panic_requests_total", "Requests that were balanced without a look at health.",
     MetricType::kCounter, WriteSum<&WorkerAdmission::panic_requests>},
};

}  // namespace

std::span<const AdmissionFamily> AdmissionFamilies() { return kFamilies; }

}  // namespace fairlead::admin
