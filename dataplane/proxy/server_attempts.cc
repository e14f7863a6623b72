#include "dataplane/proxy/server_attempts.h"

#include <utility>

#include "absl/status/statusor.h"

namespace fairlead::proxy {

upstream::Admission ServerAttempts::Ask(const Environment& environment, upstream::Waiter* waiter, bool fresh) {
  upstream::Backend& backend = *environment.backends->Get(backend_slot_);
  demand_.fresh = fresh_ || fresh;
  const upstream::Admission admission = backend.Admit(waiter, demand_);
  if (admission.outcome == upstream::Admission::Outcome::kNoEligibleServer) {
    environment.counters->no_eligible_server.Increment();
    backend.counters().no_eligible_server.Increment();
  }
  return admission;
}

bool ServerAttempts::Begin(const Environment& environment, const upstream::Choice& choice,
                           upstream::ConnectionUser* user) {
  if (count_++ > 0) {
    environment.counters->retries.Increment();
    environment.backends->Get(backend_slot_)->counters().retries.Increment();
  }
  server_ = choice.server;
  server_slot_ = choice.slot;
  absl::StatusOr<upstream::Channel*> connection = server_->Acquire(user, choice.place);
  if (!connection.ok()) {
    LeaveServer();
    return false;
  }
  connection_ = *connection;
  reused_ = !connection_->connecting();
  return true;
}

bool ServerAttempts::Fail(const Environment& environment, http::ServerError error, bool may_be_sent_again) {
  if (error == http::ServerError::kNotProcessed) environment.counters->upstream_refused_streams.Increment();
  retry_due_ = MayRetry(error, may_be_sent_again);
  if (IsToBlame(error)) server_->CountFailure();
  LeaveServer();
  if (!retry_due_) environment.counters->upstream_failures.Increment();
  return retry_due_;
}

bool ServerAttempts::IsToBlame(http::ServerError error) const {
  switch (error) {
    case http::ServerError::kAbandoned:
    case http::ServerError::kNotProcessed:
    case http::ServerError::kOtherProtocol:
      return false;
    case http::ServerError::kNoExtendedConnect:
      return !retry_due_;
    default:
      return true;
  }
}

void ServerAttempts::TryAnother() {
  Avoid();
  retry_due_ = true;
  std::exchange(connection_, nullptr)->Release();
  LeaveServer();
}

bool ServerAttempts::MayRetry(http::ServerError error, bool may_be_sent_again) {
  switch (error) {
    case http::ServerError::kConnectFailed:
    case http::ServerError::kTlsFailed:
    case http::ServerError::kConnectTimeout:
      Avoid();
      return count_ < kMaxAttempts;
    case http::ServerError::kAbandoned:
      // The server's leaving is not the request's fault: the attempt does not count.
      if (connected_ && !may_be_sent_again) return false;
      --count_;
      return true;
    case http::ServerError::kClosedBeforeResponse:
      // A connection from the pool that the server was about to close: tried once more, on a new one.
      if (fresh_ || !reused_ || !may_be_sent_again) return false;
      fresh_ = true;
      return true;
    case http::ServerError::kNotProcessed:
      Avoid();
      if (!may_be_sent_again || refusals_ == kMaxRefusals) return false;
      ++refusals_;
      --count_;
      return true;
    case http::ServerError::kOtherProtocol:
      // At once, and at nobody's expense. Who has waited for others twice waits no more.
      fresh_ = fresh_ || has_waited_;
      has_waited_ = true;
      --count_;
      return true;
    case http::ServerError::kNoExtendedConnect:
      // What the server may well do by HTTP/1.1.
      if (server_->settings().protocol != config::BackendProtocol::kAuto || needs_http1_ || !may_be_sent_again) {
        return false;
      }
      needs_http1_ = fresh_ = true;
      --count_;
      return true;
    case http::ServerError::kTruncated:
    case http::ServerError::kMalformed:
    case http::ServerError::kReset:
      return false;
  }
  return false;
}

void ServerAttempts::LeaveServer() {
  connected_ = false;
  std::exchange(server_, nullptr)->EndRequest();
}

void ServerAttempts::End() {
  if (connection_ != nullptr) std::exchange(connection_, nullptr)->Release();
  if (server_ != nullptr) LeaveServer();
}

}  // namespace fairlead::proxy
