#pragma once

#include <string_view>

#include "dataplane/metrics/worker_counters.h"

namespace fairlead::admin {

// One limit, by the name under which it is configured or described in docs/LIMITS.md, and the counter of the times that
// it was reached: a value of the label "limit" of fairlead_limit_reached_total.
struct LimitReached {
  std::string_view name;
  metrics::Counter metrics::WorkerCounters::* counter;
};

inline constexpr LimitReached kLimitsReached[] = {
    {"max_buffer_bytes", &metrics::WorkerCounters::max_buffer_bytes},
    {"descriptors", &metrics::WorkerCounters::descriptors},
    {"max_uri_bytes", &metrics::WorkerCounters::max_uri_bytes},
    {"max_header_bytes", &metrics::WorkerCounters::max_header_bytes},
    {"max_header_count", &metrics::WorkerCounters::max_header_count},
    {"max_trailers", &metrics::WorkerCounters::max_trailers},
    {"max_chunk_extension_bytes", &metrics::WorkerCounters::max_chunk_extension_bytes},
    {"max_body_bytes", &metrics::WorkerCounters::max_body_bytes},
    {"header_timeout", &metrics::WorkerCounters::header_timeouts},
    {"request_timeout", &metrics::WorkerCounters::request_timeouts},
    {"idle_timeout", &metrics::WorkerCounters::idle_timeouts},
    {"min_client_rate_body", &metrics::WorkerCounters::slow_bodies},
    {"min_client_rate_response", &metrics::WorkerCounters::slow_readers},
    {"timeouts.connect", &metrics::WorkerCounters::connect_timeouts},
    {"timeouts.response", &metrics::WorkerCounters::response_timeouts},
    {"timeouts.idle", &metrics::WorkerCounters::server_idle_timeouts},
    {"timeouts.tunnel_idle", &metrics::WorkerCounters::tunnel_idle_timeouts},
    {"timeouts.idle_body", &metrics::WorkerCounters::body_timeouts},
    {"timeouts.idle_reader", &metrics::WorkerCounters::reader_timeouts},
    {"grpc_timeout", &metrics::WorkerCounters::grpc_deadlines},
    {"http2.max_concurrent_streams", &metrics::WorkerCounters::http2_max_concurrent_streams},
    {"http2.max_resets", &metrics::WorkerCounters::http2_max_resets},
    {"http2.max_control_frames", &metrics::WorkerCounters::http2_max_control_frames},
    {"http2.max_continuations", &metrics::WorkerCounters::http2_max_continuations},
    {"http2.ping_timeout", &metrics::WorkerCounters::http2_ping_timeouts},
    {"server_ping_timeout", &metrics::WorkerCounters::upstream_ping_timeouts},
    {"server_control_frames", &metrics::WorkerCounters::upstream_control_frames},
};

}  // namespace fairlead::admin
