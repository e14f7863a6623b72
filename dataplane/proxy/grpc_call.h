#pragma once

#include <cstdint>
#include <string>

#include "dataplane/config/route_table.h"
#include "dataplane/event/loop.h"
#include "dataplane/event/timer_wheel.h"
#include "dataplane/http/message.h"
#include "dataplane/proxy/grpc.h"

namespace fairlead::proxy {

// What an exchange knows besides while its request is a call of gRPC: when it must be over, and how often it was made
// again. Belongs to the exchange, for one call after another.
class GrpcCall {
 public:
  // `on_deadline(context)` runs when the call's deadline has passed.
  GrpcCall(event::Loop* loop, void (*on_deadline)(void*), void* context) : loop_(loop), timer_(on_deadline, context) {}

  // `head` is a call's, and has just come.
  void Begin(const http::RequestHead& head);
  void End() { loop_->timers().Cancel(&timer_); }

  // What servers are to be told in grpc-timeout: what is left. Empty: as it came, or nothing.
  std::string TimeLeft() const;
  // Whether the call is to be made again after this response, which is counted then.
  bool TakeRetry(const config::GrpcRetry& rule, const http::ResponseHead& response);

 private:
  event::Loop* const loop_;
  event::Timer timer_;  // scheduled where there is a deadline
  uint32_t retries_ = 0;
};

}  // namespace fairlead::proxy
