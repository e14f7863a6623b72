#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "dataplane/base/intrusive_list.h"
#include "dataplane/config/access_log.h"
#include "dataplane/config/listener.h"
#include "dataplane/config/slots.h"
#include "dataplane/http/head_limits.h"
#include "dataplane/metrics/listener_counters.h"
#include "dataplane/net/source_counts.h"
#include "dataplane/proxy/client_connection.h"

namespace fairlead::proxy {

// What connections need to know of the listener that they came by: a copy, since they may outlive it. One worker's; it
// outlives its connections.
struct ListenerState {
  std::string id;
  config::HttpSettings http;
  http::HeadLimits head_limits;                                         // of http
  std::optional<config::TcpSettings> tcp;                               // in place of http
  std::shared_ptr<const config::ProxyProtocolSettings> proxy_protocol;  // null: none is expected
  std::shared_ptr<const config::ServerTls> tls;                         // null: in the clear
  // 0: no limit. Sources are counted with the one's limit, and for as long as a counted connection lives.
  uint32_t max_connections = 0;
  uint32_t max_connections_per_source = 0;
  std::shared_ptr<net::SourceCounts> sources;
  // It was removed, or the proxy shuts down: connections end with their next response.
  bool draining = false;
  // Somebody reads when requests reach their phases (RequestTimes).
  bool wants_times = false;
  // What is logged of its requests; null: nothing, or there is no access log.
  std::shared_ptr<const config::AccessLog> access_log;
  base::IntrusiveList<ClientConnection> connections;
  std::shared_ptr<metrics::ListenerCounters> counters;
  metrics::ListenerWorkerCounters* own_counters = nullptr;  // of those, this worker's
};

}  // namespace fairlead::proxy
