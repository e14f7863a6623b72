#pragma once

#include "absl/functional/any_invocable.h"

namespace fairlead::event {

// Functions sent from any thread to the thread of one loop, run in the order in which each sender sent them. Lock-free;
// wakes the loop through an eventfd, once for many messages. Belongs to a Loop.
class Mailbox {
 public:
  Mailbox();
  ~Mailbox();
  // From any thread. The function runs, and is destroyed, on the loop's thread; one that never ran is destroyed with the
  // mailbox.
  void Post(absl::AnyInvocable<void()> function);
};

}  // namespace fairlead::event
