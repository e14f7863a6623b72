#include "dataplane/admin/request_families.h"

#include "dataplane/admin/metric_writers.h"
#include "dataplane/admin/tls_families.h"

namespace fairlead::admin {

namespace {

using metrics::ListenerWorkerCounters;
using metrics::MetricType;
using metrics::RequestCounters;

constexpr MetricFamily<ListenerItem> kListenerFamilies[] = {
    {"connections_accepted_total", "Connections accepted.", MetricType::kCounter,
     WriteCounter<ListenerItem, &ListenerWorkerCounters::connections_accepted>},
    {"open_connections", "Connections open now.", MetricType::kGauge,
     WriteCounter<ListenerItem, &ListenerWorkerCounters::connections_open>},
    {"received_bytes_total", "Bytes received from clients.", MetricType::kCounter,
     WriteCounter<ListenerItem, &ListenerWorkerCounters::bytes_received>},
    {"sent_bytes_total", "Bytes sent to clients.", MetricType::kCounter,
     WriteCounter<ListenerItem, &ListenerWorkerCounters::bytes_sent>},
    {"refused_connections_total", "Connections closed at once, beyond max_connections.", MetricType::kCounter,
     WriteCounter<ListenerItem, &ListenerWorkerCounters::refused_connections>},
    {"refused_source_connections_total", "Connections closed at once, beyond max_connections_per_source.",
     MetricType::kCounter, WriteCounter<ListenerItem, &ListenerWorkerCounters::refused_source_connections>},
    {"proxy_header_untrusted_total", "Connections closed at once, of sources whose PROXY header is not trusted.",
     MetricType::kCounter, WriteCounter<ListenerItem, &ListenerWorkerCounters::proxy_header_untrusted>},
    {"proxy_header_errors_total", "Connections closed for want of a valid PROXY header.", MetricType::kCounter,
     WriteCounter<ListenerItem, &ListenerWorkerCounters::proxy_header_errors>},
    {"proxy_header_timeouts_total", "Connections closed because their PROXY header took too long.",
     MetricType::kCounter, WriteCounter<ListenerItem, &ListenerWorkerCounters::proxy_header_timeouts>},
    {"client_hello_errors_total", "Connections closed for want of a valid TLS ClientHello.", MetricType::kCounter,
     WriteCounter<ListenerItem, &ListenerWorkerCounters::client_hello_errors>},
    {"client_hello_timeouts_total", "Connections closed because their TLS ClientHello took too long.",
     MetricType::kCounter, WriteCounter<ListenerItem, &ListenerWorkerCounters::client_hello_timeouts>},
    {"no_sni_route_total", "Connections closed because nothing is for the server that their TLS names.",
     MetricType::kCounter, WriteCounter<ListenerItem, &ListenerWorkerCounters::no_sni_route>},
    {"tls_handshakes_total", "TLS handshakes that were done, by version.", MetricType::kCounter, WriteTlsHandshakes},
    {"tls_resumed_total", "TLS handshakes among them that resumed a session, by what held it.", MetricType::kCounter,
     WriteTlsResumed},
    {"tls_resumptions_refused_total", "TLS handshakes that were to resume a session and did not, by cause.",
     MetricType::kCounter, WriteTlsResumptionRefusals},
    {"tls_early_data_total", "Connections that began with TLS early data, by what became of it.", MetricType::kCounter,
     WriteTlsEarlyData},
    {"tls_session_cache_entries", "TLS sessions that are kept to be resumed by their ids.", MetricType::kGauge,
     WriteTlsSessionCacheEntries},
    {"tls_session_cache_evictions_total", "TLS sessions that made room for others before their time.",
     MetricType::kCounter, WriteTlsSessionCacheEvictions},
    {"tls_failures_total", "TLS handshakes that failed, by cause.", MetricType::kCounter, WriteTlsFailures},
    {"tls_handshake_timeouts_total", "Connections closed because their TLS handshake took too long.",
     MetricType::kCounter, WriteCounter<ListenerItem, &ListenerWorkerCounters::tls_handshake_timeouts>},
    {"requests_total", "Requests whose head was received whole.", MetricType::kCounter,
     WriteCounter<ListenerItem, &RequestCounters::requests>},
    {"active_requests", "Requests in progress.", MetricType::kGauge,
     WriteCounter<ListenerItem, &RequestCounters::requests_active>},
    {"responses_total", "Responses sent, those to malformed requests included, by the class of their status.",
     MetricType::kCounter, WriteResponses<ListenerItem, &RequestCounters::responses>},
    {"failures_total", "Requests that servers failed (502, 504, or cut short).", MetricType::kCounter,
     WriteCounter<ListenerItem, &RequestCounters::failures>},
    {"client_aborts_total", "Requests whose client left before the response was whole.", MetricType::kCounter,
     WriteCounter<ListenerItem, &RequestCounters::client_aborts>},
    {"request_duration_seconds", "Time from the request's head to the response's end.", MetricType::kHistogram,
     WriteHistogram<ListenerItem, &RequestCounters::duration>},
};

constexpr MetricFamily<RuleItem> kRuleFamilies[] = {
    {"requests_total", "Requests that went by the rule.", MetricType::kCounter,
     WriteCounter<RuleItem, &RequestCounters::requests>},
    {"active_requests", "Requests in progress.", MetricType::kGauge,
     WriteCounter<RuleItem, &RequestCounters::requests_active>},
    {"responses_total", "Responses sent, by the class of their status.", MetricType::kCounter,
     WriteResponses<RuleItem, &RequestCounters::responses>},
    {"failures_total", "Requests that servers failed (502, 504, or cut short).", MetricType::kCounter,
     WriteCounter<RuleItem, &RequestCounters::failures>},
    {"client_aborts_total", "Requests whose client left before the response was whole.", MetricType::kCounter,
     WriteCounter<RuleItem, &RequestCounters::client_aborts>},
    {"request_duration_seconds", "Time from the request's head to the response's end.", MetricType::kHistogram,
     WriteHistogram<RuleItem, &RequestCounters::duration>},
};

}  // namespace

std::span<const MetricFamily<ListenerItem>> ListenerFamilies() { return kListenerFamilies; }
std::span<const MetricFamily<RuleItem>> RuleFamilies() { return kRuleFamilies; }

}  // namespace fairlead::admin
