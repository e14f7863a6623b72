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
uint64_t Sum(const metrics::BackendAdmission& admission) {
  uint64_t sum = 0;
  for (int i = 0; i < admission.workers(); ++i) sum += (admission.of_worker(i).*kCounter).value();
  return sum;
}

template <Counter WorkerAdmission::* kCounter>
void WriteSum(const BackendItem& item, PrometheusWriter* writer) {
  writer->Write(item.labels(), Sum<kCounter>(*item.backend->admission));
}

void WriteWaiting(const BackendItem& item, PrometheusWriter* writer) {
  writer->Write(item.labels(), uint64_t{item.backend->admission->waiting.load(std::memory_order_relaxed)});
}

void WriteWaitSeconds(const BackendItem& item, PrometheusWriter* writer) {
  writer->Write(item.labels(),
                static_cast<double>(Sum<&WorkerAdmission::queue_wait_ms>(*item.backend->admission)) / 1000);
}

void WritePanic(const BackendItem& item, PrometheusWriter* writer) {
  writer->Write(item.labels(), uint64_t{item.backend->admission->in_panic()});
}

constexpr MetricFamily<BackendItem> kFamilies[] = {
    {"queue_length", "Requests that wait for a server of the backend to have room.", MetricType::kGauge, WriteWaiting},
    {"queued_total", "Requests that had to wait.", MetricType::kCounter, WriteSum<&WorkerAdmission::queued>},
    {"queue_timeouts_total", "Requests that waited for longer than the queue's timeout (503).", MetricType::kCounter,
     WriteSum<&WorkerAdmission::queue_timeouts>},
    {"queue_overflows_total",
     "Requests that found all servers at their limits, and the queue full or without any length (503).",
     MetricType::kCounter, WriteSum<&WorkerAdmission::queue_overflows>},
    {"queue_wait_seconds_total", "Time that requests have waited.", MetricType::kCounter, WriteWaitSeconds},
    {"panic", "1 while so few servers are eligible that health is not looked at.", MetricType::kGauge, WritePanic},
    {"panic_requests_total", "Requests that were balanced without a look at health.", MetricType::kCounter,
     WriteSum<&WorkerAdmission::panic_requests>},
};

}  // namespace

std::span<const MetricFamily<BackendItem>> AdmissionFamilies() { return kFamilies; }

}  // namespace fairlead::admin
