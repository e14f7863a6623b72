#pragma once

#include "dataplane/metrics/counter.h"
#include "dataplane/metrics/histogram.h"

namespace fairlead::metrics {

// What one worker has done. Written by the worker, read by the control side; lives as long as the worker.
struct alignas(64) WorkerCounters {
  Counter connections_accepted;
  Counter connections_open;            // now
  Counter accept_errors;               // descriptors or memory exhausted
  Counter requests;                    // heads received whole
  Counter requests_active;             // now
  Counter responses[5];                // final ones sent to clients, by class: [0] is 1xx (only 101), [1] 2xx … [4] 5xx
  Counter request_errors;              // malformed requests, answered 4xx or 5xx by the codec
  Counter no_route;                    // 404: no virtual host or rule
  Counter no_eligible_server;          // 503
  Counter upstream_failures;           // 502, or cut short after the response's head
  Counter upstream_timeouts;           // 504
  Counter retries;                     // attempts beyond the first
  Counter client_aborts;               // clients that left before their response was whole
  Counter header_timeouts;             // 408
  Counter idle_timeouts;               // idle client connections closed
  Counter tunnels;                     // begun: upgraded connections, CONNECT
  Counter tunnels_active;              // now; each is an active request, too
  Counter upstream_http2_connections;  // now
  Counter upstream_refused_streams;    // requests that servers refused before they began with them (HTTP/2)

  // Times that a limit was reached: docs/LIMITS.md.
  Counter max_buffer_bytes;           // 503: requests and connections
  Counter descriptors;                // accepting paused, or 503
  Counter max_uri_bytes;              // 414
  Counter max_header_bytes;           // 431
  Counter max_header_count;           // 431
  Counter max_trailers;               // 431
  Counter max_chunk_extension_bytes;  // 400
  Counter max_body_bytes;             // 413
  Counter request_timeouts;           // 408
  Counter body_timeouts;              // 408: nothing more of a request's body came for a while
  Counter reader_timeouts;            // cut: nothing more of a response was taken for a while
  Counter slow_bodies;                // 408: below min_client_rate
  Counter slow_readers;               // cut: below min_client_rate
  Counter connect_timeouts;           // attempts
  Counter response_timeouts;          // 504
  Counter server_idle_timeouts;       // 504, or cut short after the response's head
  Counter tunnel_idle_timeouts;       // cut
  Counter grpc_deadlines;             // calls of gRPC that took longer than their grpc-timeout

  Counter http2_connections;             // begun
  Counter http2_max_concurrent_streams;  // a stream was refused
  Counter http2_max_resets;              // closed, as with those that follow
  Counter http2_max_control_frames;
  Counter http2_max_continuations;
  Counter http2_ping_timeouts;
  Counter upstream_ping_timeouts;   // connections to servers that did not answer a PING
  Counter upstream_control_frames;  // connections to servers that sent too many frames for nothing

  Histogram adoption;  // going over to a revision, while requests wait
};

}  // namespace fairlead::metrics
