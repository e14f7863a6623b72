#pragma once

#include "dataplane/metrics/counter.h"
#include "dataplane/metrics/histogram.h"

namespace fairlead::metrics {

// What one worker counts of what it sends to one server, or to all servers of a backend.
struct UpstreamCounters {
  Counter requests;          // sent, or begun to be sent, retries included
  Counter responses[5];      // by class: [0] is 1xx (only 101), [1] 2xx … [4] 5xx
  Counter failures;          // ended by the server without a whole response
  Counter timeouts;          // given up because the server did not go on in time
  Counter connections;       // opened
  Counter connect_failures;  // refused, unreachable or timed out
  Counter bytes_sent;        // to the server
  Counter bytes_received;    // from it
  Histogram response_time;   // from the choice of the server, connecting included, to the response's head
};

}  // namespace fairlead::metrics
