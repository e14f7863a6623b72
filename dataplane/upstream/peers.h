#pragma once

#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "dataplane/event/mailbox.h"

namespace fairlead::upstream {

class Backends;

// How one worker reaches the backends of another: by its mailbox, and nothing else of them. The same in all workers, by
// index; outlives their threads.
struct Peer {
  event::Mailbox* mailbox;
  Backends* backends;  // to be touched on its own thread alone

  void Post(absl::AnyInvocable<void(Backends&)> function) const {
    mailbox->Post([backends = backends, function = std::move(function)]() mutable { function(*backends); });
  }
};
using Peers = std::vector<Peer>;

}  // namespace fairlead::upstream
