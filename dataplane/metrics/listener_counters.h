#pragma once

#include <atomic>
#include <cstdint>

#include "dataplane/metrics/counter.h"
#include "dataplane/metrics/per_worker.h"
#include "dataplane/metrics/request_counters.h"

namespace fairlead::metrics {

// What happened between one worker and one listener. Written by that worker, read by the control side. `responses`
// counts those to malformed requests, too.
struct alignas(64) ListenerWorkerCounters : RequestCounters {
  Counter connections_accepted;
  Counter connections_open;  // now
  Counter bytes_received;    // from clients
  Counter bytes_sent;        // to them
  // Connections that were closed as soon as they were accepted, for max_connections and max_connections_per_source,
  Counter refused_connections;
  Counter refused_source_connections;
  // and for want of a PROXY header: of sources that are not trusted; without a valid one; without one in time.
  Counter proxy_header_untrusted;
  Counter proxy_header_errors;
  Counter proxy_header_timeouts;
  // TLS handshakes that were done, by version; those among them that resumed a session, by its ticket or its id; those
  // that were to and did not, by tls::ResumptionRefusal; and those that failed, by tls::FailureCause, and for want of
  // time.
  Counter tls12_handshakes;
  Counter tls13_handshakes;
  Counter tls_resumed_by_ticket;
  Counter tls_resumed_by_id;
  Counter tls_resumption_refusals[5];
  // Connections that began with early data, by tls::EarlyDataOutcome.
  Counter tls_early_data[4];
  Counter tls_failures[8];
  Counter tls_handshake_timeouts;
  // and where TLS is passed through: without a valid ClientHello; without one in time; of a name that is nowhere to go.
  Counter client_hello_errors;
  Counter client_hello_timeouts;
  Counter no_sni_route;
};

// The counters of one listener. Made by the control side when the listener first appears and shared by every revision
// that has it; dropped on the control side, after the listener's last connection.
class ListenerCounters : public PerWorkerList<ListenerWorkerCounters> {
 public:
  // Over all workers: what max_connections limits.
  std::atomic<uint32_t> open_connections{0};
};

}  // namespace fairlead::metrics
