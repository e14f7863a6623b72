#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "dataplane/identity/peer.h"
#include "fairlead/v1/control.pb.h"
#include "fairlead/v1/transaction.pb.h"

namespace fairlead::control {

// Somebody who wants the answer to a submission. The ticket names him for Transactor::Forget.
struct AnswerWaiter {
  uint64_t ticket = 0;
  absl::AnyInvocable<void(std::shared_ptr<const v1::FromProxy>)> on_answer;
};

// One thing that somebody wants of the transactor, from its coming until it is answered.
struct Submission {
  enum class Kind : uint8_t { kTransaction, kPrepare, kCommit, kAbort };

  Kind kind = Kind::kTransaction;
  // Who sent it; where he is goes into the history.
  identity::Peer peer{};
  // Of kCommit and kAbort only the id and the leader_epoch.
  v1::Transaction transaction{};
  // It went back to an earlier revision: the transaction holds by now what leads there.
  std::optional<uint64_t> rollback_to{};
  std::optional<google::protobuf::Duration> hold_for{};  // of kPrepare
  uint64_t at_us = 0;                                    // of kCommit
  std::vector<AnswerWaiter> waiters{};
  uint64_t hash = 0;
  std::chrono::steady_clock::time_point taken{};

  // Nobody waits any more who has this ticket.
  void Forget(uint64_t ticket) {
    std::erase_if(waiters, [ticket](const AnswerWaiter& waiter) { return waiter.ticket == ticket; });
  }
};

}  // namespace fairlead::control
