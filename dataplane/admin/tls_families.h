#pragma once

#include <span>

#include "dataplane/admin/metric_family.h"
#include "dataplane/admin/metric_items.h"

namespace fairlead::admin {

// Of each certificate: "fairlead_certificate_…".
std::span<const MetricFamily<CertificateItem>> CertificateFamilies();

// A listener's TLS handshakes that were done, by version; those that resumed a session, by what held it, and those that
// were to and did not, by cause; and those that failed, by cause.
void WriteTlsHandshakes(const ListenerItem& listener, metrics::PrometheusWriter* writer);
void WriteTlsResumed(const ListenerItem& listener, metrics::PrometheusWriter* writer);
void WriteTlsResumptionRefusals(const ListenerItem& listener, metrics::PrometheusWriter* writer);
void WriteTlsFailures(const ListenerItem& listener, metrics::PrometheusWriter* writer);

// Its connections that began with early data, by what became of it.
void WriteTlsEarlyData(const ListenerItem& listener, metrics::PrometheusWriter* writer);
// Its sessions that are kept, and those that had to make room.
void WriteTlsSessionCacheEntries(const ListenerItem& listener, metrics::PrometheusWriter* writer);
void WriteTlsSessionCacheEvictions(const ListenerItem& listener, metrics::PrometheusWriter* writer);

}  // namespace fairlead::admin
