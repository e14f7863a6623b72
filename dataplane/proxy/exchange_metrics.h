#pragma once

#include <cstdint>

#include "dataplane/metrics/request_counters.h"

namespace fairlead::proxy {

// What one exchange counts for its listener and its rule, and the moments that it measures from. Part of the exchange;
// times are event::Loop::now_us().
class ExchangeMetrics {
 public:
  // The request's head is whole. The listener's counters outlive the exchange.
  void Begin(metrics::RequestCounters* listener, uint64_t now_us) {
    listener_ = listener;
    rule_ = nullptr;
    begun_us_ = now_us;
    listener->requests.Increment();
    listener->requests_active.Increment();
  }
  // The request goes by a rule now, whose counters live until LeaveRule.
  void EnterRule(metrics::RequestCounters* rule) {
    rule_ = rule;
    rule->requests.Increment();
    rule->requests_active.Increment();
  }
  // Before it is routed anew. Harmless without a rule.
  void LeaveRule() {
    if (rule_ == nullptr) return;
    rule_->requests_active.Decrement();
    rule_ = nullptr;
  }
  // A final response's head was given to the client's side. (The listener's are counted by the connection, which knows
  // of those that no exchange made.)
  void CountResponse(uint16_t status) {
    if (rule_ != nullptr) rule_->responses[status / 100 - 1].Increment();
  }
  // A server is to blame that the request failed.
  void CountFailure() {
    listener_->failures.Increment();
    if (rule_ != nullptr) rule_->failures.Increment();
  }
  void CountClientAbort() {
    listener_->client_aborts.Increment();
    if (rule_ != nullptr) rule_->client_aborts.Increment();
  }
  // A server was chosen; what AttemptTime counts from.
  void BeginAttempt(uint64_t now_us) { attempt_begun_us_ = now_us; }
  uint64_t AttemptTime(uint64_t now_us) const { return now_us - attempt_begun_us_; }
  // The exchange is over. Harmless when it has not begun.
  void End(uint64_t now_us) {
    if (listener_ == nullptr) return;
    listener_->requests_active.Decrement();
    listener_->duration.Observe(now_us - begun_us_);
    listener_ = nullptr;
    if (rule_ != nullptr) rule_->duration.Observe(now_us - begun_us_);
    LeaveRule();
  }

 private:
  metrics::RequestCounters* listener_ = nullptr;
  metrics::RequestCounters* rule_ = nullptr;
  uint64_t begun_us_ = 0;
  uint64_t attempt_begun_us_ = 0;
};

}  // namespace fairlead::proxy
