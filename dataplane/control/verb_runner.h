#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "dataplane/base/counted_ptr.h"
#include "dataplane/config/server.h"
#include "dataplane/control/control_core.h"
#include "dataplane/health/verb.h"
#include "dataplane/health/verb_actions.h"
#include "dataplane/identity/peer.h"
#include "dataplane/metrics/server_counters.h"

namespace fairlead::control {

// Carries out HAProxy's verbs (docs/HAPROXY_VERBS.md, ADR 26): each that sets something is a transaction of one
// operation, in the name of who sent it, and so is checked, saved and remembered as all are. On the control thread,
// owned by the server; the core outlives it, and it outlives the health sockets.
class VerbRunner {
 public:
  using OnAnswer = health::VerbActions::OnAnswer;

  explicit VerbRunner(ControlCore* core) : core_(core) {}
  VerbRunner(const VerbRunner&) = delete;
  VerbRunner& operator=(const VerbRunner&) = delete;

  // health::VerbActions, whose functions these are.
  health::VerbActions Actions();
  uint64_t CarryOut(const health::Verb& verb, const identity::Peer& peer, OnAnswer on_answer);
  void Forget(uint64_t ticket);
  uint32_t InitialWeight(const config::Server& server) const;

 private:
  // So often a controller may change the server between reading and writing.
  static constexpr int kAttempts = 5;

  using Counters = base::CountedPtr<metrics::ServerCounters>;  // by which a server is known as long as it exists

  // Something that a verb sets, until it is answered.
  struct Change {
    health::Verb::Kind kind;
    std::string backend;
    std::string server;
    config::Health health;
    config::AdminState admin_state;
    uint32_t weight;
    bool is_percent;
    std::string text;  // of the verb
    identity::Peer peer;
    OnAnswer on_answer;  // null: whoever asked is gone
    int attempts = 0;
    // Of a weight: whose, from what to what, and what it was initially.
    Counters counters{};
    uint32_t old_weight = 0;
    uint32_t new_weight = 0;
    uint32_t initial_weight = 0;
  };
  struct Weights {
    uint32_t initial;
    // By verbs, and what it was before: until the answer comes it may be either.
    uint32_t set_to;
    uint32_t was;
  };

  // All but words on health put the whole server: those on one go one after another.
  static bool PutsServer(const Change& change);
  // Sends its transaction, or answers why not.
  void Try(uint64_t ticket);
  void OnAnswered(uint64_t ticket, const v1::FromProxy& answer);
  void Answer(uint64_t ticket, std::string text);
  // What keeps the verb from being sent; empty: nothing.
  std::string Problem(Change& change) const;
  v1::Transaction MakeTransaction(const Change& change) const;
  void RememberInitialWeight(const Change& change, uint32_t was);
  void ForgetRemovedServers();

  ControlCore* const core_;
  uint64_t last_ticket_ = 0;
  absl::flat_hash_map<uint64_t, std::unique_ptr<Change>> changes_;
  // By "backend/server": the one that was sent, and those that wait for its answer.
  absl::flat_hash_map<std::string, std::deque<uint64_t>> queues_;
  // Of servers whose weight verbs have changed, until somebody else does.
  absl::flat_hash_map<const metrics::ServerCounters*, std::pair<Counters, Weights>> weights_;
  size_t prune_at_ = 1024;
};

}  // namespace fairlead::control
