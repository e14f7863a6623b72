#include "ctl/requests.h"

#include <cstdint>
#include <random>
#include <utility>

#include "absl/strings/str_format.h"

namespace fairlead::ctl {

absl::StatusOr<v1::StateReport> GetState(Connection& connection, const v1::StateFilter& filter) {
  v1::ToProxy request;
  request.mutable_get()->set_request_id("get");
  *request.mutable_get()->mutable_filter() = filter;
  const absl::Status sent = connection.Send(request);
  if (!sent.ok()) return sent;
  while (true) {
    absl::StatusOr<v1::FromProxy> message = connection.Receive();
    if (!message.ok()) return message.status();
    if (message->has_state_report()) return std::move(*message->mutable_state_report());
  }
}

absl::StatusOr<Answer> Transact(Connection& connection, v1::Transaction transaction) {
  const std::string id = transaction.id();
  v1::ToProxy request;
  *request.mutable_transaction() = std::move(transaction);
  const absl::Status sent = connection.Send(request);
  if (!sent.ok()) return sent;
  while (true) {
    absl::StatusOr<v1::FromProxy> message = connection.Receive();
    if (!message.ok()) return message.status();
    if (message->applied().transaction_id() == id) return std::move(*message->mutable_applied());
    if (message->rejected().transaction_id() == id) return std::move(*message->mutable_rejected());
  }
}

std::string NewTransactionId() {
  std::random_device random;
  std::string id = "fairleadctl-";
  for (int i = 0; i < 4; ++i) absl::StrAppendFormat(&id, "%08x", static_cast<uint32_t>(random()));
  return id;
}

}  // namespace fairlead::ctl
