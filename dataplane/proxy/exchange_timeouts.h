#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/metrics/counter.h"
#include "dataplane/metrics/worker_counters.h"
#include "dataplane/proxy/reason.h"

namespace fairlead::proxy {

// Ways in which an exchange may take too long, and what becomes of it then.
struct ExchangeTimeout {
  metrics::Counter metrics::WorkerCounters::* counter;
  bool blames_server;
  uint16_t status;  // that the client is told; 0: the response has begun, and is cut
  Reason reason;
  std::string_view detail;
};

inline constexpr ExchangeTimeout kResponseTimeout = {&metrics::WorkerCounters::response_timeouts, true, 504,
                                                     Reason::kResponseTimeout, "the server did not answer in time"};
inline constexpr ExchangeTimeout kGrpcDeadline = {&metrics::WorkerCounters::grpc_deadlines, false, 504,
                                                  Reason::kGrpcDeadline, "the call's deadline has passed"};
// The others are times without a byte.
inline constexpr ExchangeTimeout kTunnelIdleTimeout = {&metrics::WorkerCounters::tunnel_idle_timeouts, false, 0,
                                                       Reason::kTunnelIdleTimeout, "no byte came through the tunnel"};
inline constexpr ExchangeTimeout kRequestBodyTimeout = {&metrics::WorkerCounters::body_timeouts, false, 408,
                                                        Reason::kRequestBodyTimeout,
                                                        "the request's body did not go on"};
inline constexpr ExchangeTimeout kReaderTimeout = {&metrics::WorkerCounters::reader_timeouts, false, 0,
                                                   Reason::kReaderTimeout, "the client did not take the response"};
inline constexpr ExchangeTimeout kRequestStalled = {&metrics::WorkerCounters::server_idle_timeouts, true, 504,
                                                    Reason::kRequestStalled,
                                                    "the server did not take the request's body"};
inline constexpr ExchangeTimeout kResponseStalled = {&metrics::WorkerCounters::server_idle_timeouts, true, 0,
                                                     Reason::kIdleTimeout, "the response did not go on"};

}  // namespace fairlead::proxy
