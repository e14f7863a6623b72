#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "dataplane/config/snapshot.h"
#include "dataplane/health/verb.h"
#include "dataplane/identity/peer.h"

namespace fairlead::health {

// What verbs do beyond the health table: the control core does it (control::VerbRunner), which outlives who has these.
struct VerbActions {
  using OnAnswer = absl::AnyInvocable<void(std::string text)>;

  // Carries out a verb that sets something, or asks for a weight, for who is at the other end of the connection.
  // `on_answer` is called once, from here or later, with what HAProxy would answer: nothing when every worker serves
  // it. The ticket names it for `forget`.
  absl::AnyInvocable<uint64_t(const Verb& verb, const identity::Peer& peer, OnAnswer on_answer)> carry_out;
  // Whoever waited is gone: on_answer is not called any more. What it asked for goes on.
  absl::AnyInvocable<void(uint64_t ticket)> forget;
  // What is in force.
  absl::AnyInvocable<std::shared_ptr<const config::Snapshot>()> snapshot;
  // The server's weight before verbs changed it.
  absl::AnyInvocable<uint32_t(const config::Server& server)> initial_weight;
};

}  // namespace fairlead::health
