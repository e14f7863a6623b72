#pragma once

#include <span>

#include "dataplane/admin/metric_family.h"
#include "dataplane/admin/metric_items.h"

namespace fairlead::admin {

// Of each certificate: "fairlead_certificate_…".
std::span<const MetricFamily<CertificateItem>> CertificateFamilies();

// A listener's TLS handshakes that were done, by version, and those that failed, by cause.
void WriteTlsHandshakes(const ListenerItem& listener, metrics::PrometheusWriter* writer);
void WriteTlsFailures(const ListenerItem& listener, metrics::PrometheusWriter* writer);

}  // namespace fairlead::admin
