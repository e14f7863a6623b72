#pragma once

#include "dataplane/metrics/counter.h"
#include "dataplane/metrics/histogram.h"

namespace fairlead::metrics {

// What one worker counts of the requests that came by one way: a listener, or a rule.
struct RequestCounters {
  Counter requests;         // heads received whole
  Counter requests_active;  // now
  Counter responses[5];     // final ones, by class: [0] is 1xx (only 101), [1] 2xx … [4] 5xx
  Counter failures;         // ended by a server's fault: 502, 504, or cut short after the response's head
  Counter client_aborts;    // the client left before its response was whole
  Histogram duration;       // from the head's receipt to the response's end, whatever it was
};

}  // namespace fairlead::metrics
