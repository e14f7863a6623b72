#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "dataplane/base/intrusive_list.h"
#include "dataplane/config/listener.h"
#include "dataplane/config/slots.h"
#include "dataplane/http/h1/parse_result.h"
#include "dataplane/metrics/listener_counters.h"

namespace fairlead::proxy {

class DownstreamConnection;

// What connections need to know of the listener that they came by: a copy, since they may outlive it. One worker's; it
// outlives its connections.
struct ListenerState {
  config::RouteTableSlot route_table = 0;
  std::string route_table_id;
  uint64_t idle_timeout_ms = 0;
  uint64_t header_timeout_ms = 0;
  http::h1::HeadLimits head_limits;
  // It was removed, or the proxy shuts down: connections end with their next response.
  bool draining = false;
  base::IntrusiveList<DownstreamConnection> connections;
  std::shared_ptr<metrics::ListenerCounters> counters;
};

}  // namespace fairlead::proxy
