#include "dataplane/proxy/grpc_call.h"

#include <optional>

namespace fairlead::proxy {

void GrpcCall::Begin(const http::RequestHead& head) {
  retries_ = 0;
  if (const std::optional<uint64_t> timeout_ms = grpc::TimeoutOf(head.fields)) {
    loop_->timers().Schedule(&timer_, *timeout_ms);
  }
}

std::string GrpcCall::TimeLeft() const {
  if (!timer_.scheduled()) return {};
  const uint64_t now_ms = loop_->now_ms();
  return grpc::FormatTimeout(timer_.deadline_ms() > now_ms ? timer_.deadline_ms() - now_ms : 0);
}

bool GrpcCall::TakeRetry(const config::GrpcRetry& rule, const http::ResponseHead& response) {
  const bool is_trailers_only = response.framing == http::BodyFraming::kNone && response.status == 200;
  if (!is_trailers_only || retries_ == rule.max_retries) return false;
  const std::optional<grpc::Status> status = grpc::StatusIn(response.fields);
  if (!status.has_value() || (rule.statuses >> static_cast<unsigned>(*status) & 1) == 0) return false;
  ++retries_;
  return true;
}

}  // namespace fairlead::proxy
