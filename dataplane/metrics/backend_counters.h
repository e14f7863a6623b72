#pragma once

#include "dataplane/metrics/per_worker.h"
#include "dataplane/metrics/upstream_counters.h"

namespace fairlead::metrics {

// What happened between one worker and one backend: with its servers, those that have gone included, and beyond them.
// Written by that worker, read by the control side.
struct alignas(64) BackendWorkerCounters : UpstreamCounters {
  Counter requests_active;     // that a server has now
  Counter retries;             // attempts beyond a request's first
  Counter no_eligible_server;  // requests that found none (503)
  Counter tls_handshakes;      // done, with servers
  Counter tls_resumptions;     // of these: by a session that was there
  Counter tls_failures;        // connections whose handshake failed, or on which the wrong protocol was agreed upon
};

// The counters of one backend. Made by the control side when the backend first appears and shared by every revision
// that has it; dropped on the control side.
class BackendCounters : public PerWorkerList<BackendWorkerCounters> {};

}  // namespace fairlead::metrics
