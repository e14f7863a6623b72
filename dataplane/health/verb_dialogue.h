#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "dataplane/event/loop.h"
#include "dataplane/health/health_table.h"
#include "dataplane/health/servers_state.h"
#include "dataplane/health/verb_actions.h"
#include "dataplane/identity/peer.h"

namespace fairlead::health {

// One connection's verbs: carries them out one after another, and answers as HAProxy does, with an empty line after
// each answer, or with a prompt in interactive mode. Owned by the connection, from its first verb on.
class VerbDialogue {
 public:
  // `on_answer`: what Next had to wait for has come; not called from within Next. All outlive it.
  VerbDialogue(event::Loop* loop, const HealthTable* table, VerbActions* actions, absl::AnyInvocable<void()> on_answer)
      : loop_(loop), table_(table), actions_(actions), on_answer_(std::move(on_answer)) {}
  ~VerbDialogue();
  VerbDialogue(const VerbDialogue&) = delete;
  VerbDialogue& operator=(const VerbDialogue&) = delete;

  // A line of verbs has come. Not while it is busy.
  void Begin(std::string_view line);
  // There is more to answer, now or later.
  bool busy() const { return waiting_ || answer_.has_value() || listing_ != nullptr || !commands().empty(); }
  // It is the answer to a verb that it waits for.
  bool waits() const { return waiting_; }
  // The next piece of the answers, for whoever is at the other end now; empty: it waits, or all is answered.
  std::string Next(const identity::Peer& peer);

  // In interactive mode the connection stays, and shows a prompt after each answer.
  bool interactive() const { return interactive_; }
  std::string_view prompt() const { return interactive_ ? "\n> " : "\n"; }
  // The client has said goodbye.
  bool quits() const { return quits_; }

 private:
  std::string_view commands() const { return std::string_view(line_).substr(done_); }
  // Empty: it waits.
  std::string Answer(const Verb& verb, const identity::Peer& peer);
  // With the line's end that a text may lack, and what ends an answer.
  std::string Finish(std::string text) const;
  void OnAnswer(std::string text);

  event::Loop* const loop_;
  const HealthTable* const table_;
  VerbActions* const actions_;
  absl::AnyInvocable<void()> on_answer_;
  std::string line_;
  size_t done_ = 0;       // of the line
  bool waiting_ = false;  // for the answer to this ticket:
  uint64_t ticket_ = 0;
  bool within_next_ = false;
  std::optional<std::string> answer_;
  std::unique_ptr<ServersState> listing_;  // while it is being told
  bool interactive_ = false;
  bool quits_ = false;
};

}  // namespace fairlead::health
