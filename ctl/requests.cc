#include "ctl/requests.h"

#include <cstdint>
#include <random>
#include <utility>

#include "absl/strings/str_format.h"

namespace fairlead::ctl {

namespace {

// Sends a request, and waits for the message that `is_answer`.
absl::StatusOr<v1::FromProxy> Ask(Connection& connection, const v1::ToProxy& request,
                                  bool (v1::FromProxy::*is_answer)() const) {
  const absl::Status sent = connection.Send(request);
  if (!sent.ok()) return sent;
  while (true) {
    absl::StatusOr<v1::FromProxy> message = connection.Receive();
    if (!message.ok() || ((*message).*is_answer)()) return message;
  }
}

}  // namespace

absl::StatusOr<v1::StateReport> GetState(Connection& connection, const v1::StateFilter& filter) {
  v1::ToProxy request;
  request.mutable_get()->set_request_id("get");
  *request.mutable_get()->mutable_filter() = filter;
  absl::StatusOr<v1::FromProxy> answer = Ask(connection, request, &v1::FromProxy::has_state_report);
  if (!answer.ok()) return answer.status();
  return std::move(*answer->mutable_state_report());
}

absl::StatusOr<v1::Snapshot> GetRevision(Connection& connection, uint64_t revision) {
  v1::ToProxy request;
  request.mutable_get()->set_request_id("get");
  request.mutable_get()->mutable_filter()->set_without_status(true);
  request.mutable_get()->set_revision(revision);
  absl::StatusOr<v1::FromProxy> answer = Ask(connection, request, &v1::FromProxy::has_state_report);
  if (!answer.ok()) return answer.status();
  v1::StateReport& report = *answer->mutable_state_report();
  if (!report.error().empty()) return absl::NotFoundError(report.error());
  return std::move(*report.mutable_config());
}

absl::StatusOr<v1::History> GetHistory(Connection& connection, uint32_t limit) {
  v1::ToProxy request;
  request.mutable_get_history()->set_limit(limit);
  absl::StatusOr<v1::FromProxy> answer = Ask(connection, request, &v1::FromProxy::has_history);
  if (!answer.ok()) return answer.status();
  return std::move(*answer->mutable_history());
}

absl::StatusOr<v1::Explanation> GetExplanation(Connection& connection, const std::string& backend,
                                               const std::string& server) {
  v1::ToProxy request;
  request.mutable_get_explanation()->set_backend(backend);
  request.mutable_get_explanation()->set_server(server);
  absl::StatusOr<v1::FromProxy> answer = Ask(connection, request, &v1::FromProxy::has_explanation);
  if (!answer.ok()) return answer.status();
  if (!answer->explanation().error().empty()) return absl::NotFoundError(answer->explanation().error());
  return std::move(*answer->mutable_explanation());
}

absl::StatusOr<v1::Confirmed> Confirm(Connection& connection, const std::string& transaction_id) {
  v1::ToProxy request;
  request.mutable_confirm()->set_transaction_id(transaction_id);
  absl::StatusOr<v1::FromProxy> answer = Ask(connection, request, &v1::FromProxy::has_confirmed);
  if (!answer.ok()) return answer.status();
  return std::move(*answer->mutable_confirmed());
}

absl::StatusOr<Answer> Transact(Connection& connection, const v1::ToProxy& request, const std::string& id) {
  const absl::Status sent = connection.Send(request);
  if (!sent.ok()) return sent;
  while (true) {
    absl::StatusOr<v1::FromProxy> message = connection.Receive();
    if (!message.ok()) return message.status();
    if (message->applied().transaction_id() == id) return std::move(*message->mutable_applied());
    if (message->rejected().transaction_id() == id) return std::move(*message->mutable_rejected());
    if (message->prepared().transaction_id() == id) return std::move(*message->mutable_prepared());
  }
}

std::string NewTransactionId() {
  std::random_device random;
  std::string id = "fairleadctl-";
  for (int i = 0; i < 4; ++i) absl::StrAppendFormat(&id, "%08x", static_cast<uint32_t>(random()));
  return id;
}

}  // namespace fairlead::ctl
