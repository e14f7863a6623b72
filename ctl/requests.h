#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "ctl/connection.h"
#include "fairlead/v1/control.pb.h"
#include "fairlead/v1/transaction.pb.h"

namespace fairlead::ctl {

// Questions and answers over a connection, one at a time. Errors are the connection's.

// What the proxy serves and how it fares, as far as the filter lets through.
absl::StatusOr<v1::StateReport> GetState(Connection& connection, const v1::StateFilter& filter);

// What it served at an earlier revision. NOT_FOUND: it does not remember.
absl::StatusOr<v1::Snapshot> GetRevision(Connection& connection, uint64_t revision);

// The last revisions, the newest first, at most `limit`.
absl::StatusOr<v1::History> GetHistory(Connection& connection, uint32_t limit);

// Why a server's health is what it is. NOT_FOUND: there is none.
absl::StatusOr<v1::Explanation> GetExplanation(Connection& connection, const std::string& backend,
                                               const std::string& server);

// Ends the trial of a transaction; the answer says if that is not so.
absl::StatusOr<v1::Confirmed> Confirm(Connection& connection, const std::string& transaction_id);

using Answer = std::variant<v1::Applied, v1::Rejected, v1::Prepared>;

// Sends what is about the transaction of this id, and waits for the answer to that.
absl::StatusOr<Answer> Transact(Connection& connection, const v1::ToProxy& request, const std::string& id);

// An id for a transaction that nothing else has: "fairleadctl-" and 128 random bits.
std::string NewTransactionId();

}  // namespace fairlead::ctl
