#pragma once

#include "absl/status/statusor.h"
#include "ctl/command.h"
#include "ctl/requests.h"
#include "fairlead/v1/transaction.pb.h"

namespace fairlead::ctl {

// What is the same for every command that changes the proxy.

// Gives a transaction an id, unless it has one, and what the flags of WithWriteFlags say. INVALID_ARGUMENT for values
// that are none.
absl::Status FinishTransaction(const Invocation& invocation, v1::Transaction& transaction);

// Sends it, or has it prepared alone (--prepare), and waits for the answer.
absl::StatusOr<Answer> SendTransaction(const Invocation& invocation, Connection& connection,
                                       v1::Transaction transaction);

// Prints the proxy's answer: what was applied, as -o says; of a rejection every violation as `path: message` on
// standard error (and the message, with -o yaml or json, on standard output).
absl::StatusOr<ExitCode> PrintAnswer(const Invocation& invocation, const Answer& answer);

}  // namespace fairlead::ctl
