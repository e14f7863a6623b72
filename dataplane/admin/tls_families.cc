#include "dataplane/admin/tls_families.h"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "dataplane/metrics/per_worker.h"
#include "dataplane/tls/failure.h"
#include "dataplane/tls/resumption.h"

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
// Of tls::ResumptionRefusal.
constexpr std::string_view kRefusals[] = {"unknown", "expired", "other_terms", "other_name", "certificate"};
static_assert(std::size(kRefusals) == tls::kResumptionRefusals);
// Of tls::EarlyDataOutcome.
constexpr std::string_view kEarlyData[] = {"taken", "replayed", "no_room", "refused"};
static_assert(std::size(kEarlyData) == tls::kEarlyDataOutcomes);

template <size_t kCount>
void WriteBy(std::string_view label, const ListenerItem& listener,
             metrics::Counter (ListenerWorkerCounters::*counters)[kCount], const std::string_view (&values)[kCount],
             metrics::PrometheusWriter* writer) {
  uint64_t sums[kCount] = {};
  listener.counters().ForEach([&](const ListenerWorkerCounters& worker) {
    for (size_t i = 0; i < kCount; ++i) sums[i] += (worker.*counters)[i].value();
  });
  for (size_t i = 0; i < kCount; ++i) writer->Write(listener.labels(), Label{label, values[i]}, sums[i]);
}

// Null: none.
const tls::SessionCache* FindCache(const ListenerItem& listener) {
  const config::ServerTls* const tls = listener.listener->tls.get();
  return tls == nullptr ? nullptr : tls->context->session_cache();
}

}  // namespace

std::span<const MetricFamily<CertificateItem>> CertificateFamilies() { return kCertificateFamilies; }

void WriteTlsHandshakes(const ListenerItem& listener, metrics::PrometheusWriter* writer) {
  writer->Write(listener.labels(), Label{"version", "TLSv1.2"},
                metrics::Sum(listener.counters(), &ListenerWorkerCounters::tls12_handshakes));
  writer->Write(listener.labels(), Label{"version", "TLSv1.3"},
                metrics::Sum(listener.counters(), &ListenerWorkerCounters::tls13_handshakes));
}

void WriteTlsResumed(const ListenerItem& listener, metrics::PrometheusWriter* writer) {
  writer->Write(listener.labels(), Label{"by", "ticket"},
                metrics::Sum(listener.counters(), &ListenerWorkerCounters::tls_resumed_by_ticket));
  writer->Write(listener.labels(), Label{"by", "session_id"},
                metrics::Sum(listener.counters(), &ListenerWorkerCounters::tls_resumed_by_id));
}

void WriteTlsResumptionRefusals(const ListenerItem& listener, metrics::PrometheusWriter* writer) {
  WriteBy("cause", listener, &ListenerWorkerCounters::tls_resumption_refusals, kRefusals, writer);
}

void WriteTlsEarlyData(const ListenerItem& listener, metrics::PrometheusWriter* writer) {
  WriteBy("outcome", listener, &ListenerWorkerCounters::tls_early_data, kEarlyData, writer);
}

void WriteTlsSessionCacheEntries(const ListenerItem& listener, metrics::PrometheusWriter* writer) {
  const tls::SessionCache* const cache = FindCache(listener);
  writer->Write(listener.labels(), uint64_t{cache == nullptr ? 0 : cache->size()});
}

void WriteTlsSessionCacheEvictions(const ListenerItem& listener, metrics::PrometheusWriter* writer) {
  const tls::SessionCache* const cache = FindCache(listener);
  writer->Write(listener.labels(), uint64_t{cache == nullptr ? 0 : cache->evicted()});
}

void WriteTlsFailures(const ListenerItem& listener, metrics::PrometheusWriter* writer) {
  WriteBy("cause", listener, &ListenerWorkerCounters::tls_failures, kCauses, writer);
}

}  // namespace fairlead::admin
