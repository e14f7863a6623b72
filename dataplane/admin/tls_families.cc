#include "dataplane/admin/tls_families.h"

#include <cstdint>
#include <iterator>
#include <string_view>

#include "dataplane/metrics/per_worker.h"
#include "dataplane/tls/failure.h"

namespace fairlead::admin {
namespace {

using metrics::Label;
using metrics::ListenerWorkerCounters;
using metrics::MetricType;

constexpr MetricFamily<CertificateItem> kCertificateFamilies[] = {
    {"expiry_timestamp_seconds", "When the first certificate of its chain expires, in seconds since 1970.",
     MetricType::kGauge,
     [](const CertificateItem& item, metrics::PrometheusWriter* writer) {
       writer->Write(item.labels(), static_cast<uint64_t>(item.certificate->tls->not_after()));
     }},
};

// Of tls::FailureCause.
constexpr std::string_view kCauses[] = {"closed",   "malformed",   "version",         "cipher",
                                        "protocol", "certificate", "refused_by_peer", "internal"};
static_assert(std::size(kCauses) == tls::kFailureCauses);

}  // namespace

std::span<const MetricFamily<CertificateItem>> CertificateFamilies() { return kCertificateFamilies; }

void WriteTlsHandshakes(const ListenerItem& listener, metrics::PrometheusWriter* writer) {
  writer->Write(listener.labels(), Label{"version", "TLSv1.2"},
                metrics::Sum(listener.counters(), &ListenerWorkerCounters::tls12_handshakes));
  writer->Write(listener.labels(), Label{"version", "TLSv1.3"},
                metrics::Sum(listener.counters(), &ListenerWorkerCounters::tls13_handshakes));
}

void WriteTlsFailures(const ListenerItem& listener, metrics::PrometheusWriter* writer) {
  uint64_t sums[tls::kFailureCauses] = {};
  listener.counters().ForEach([&](const ListenerWorkerCounters& worker) {
    for (int i = 0; i < tls::kFailureCauses; ++i) sums[i] += worker.tls_failures[i].value();
  });
  for (int i = 0; i < tls::kFailureCauses; ++i) {
    writer->Write(listener.labels(), Label{"cause", kCauses[i]}, sums[i]);
  }
}

}  // namespace fairlead::admin
