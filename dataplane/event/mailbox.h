#pragma once

#include <atomic>

#include "absl/functional/any_invocable.h"

namespace fairlead::event {

// Functions sent from any thread to the thread of one loop, run in the order in which each sender sent them. Lock-free;
// wakes the loop through an eventfd, once for many messages. Belongs to a Loop and outlives its senders' use of it.
class Mailbox {
 public:
  Mailbox();
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // From any thread. The function runs, and is destroyed, on the loop's thread; one that never ran is destroyed with
  // the mailbox. Costs one allocation, and one system call where nothing else was waiting.
  void Post(absl::AnyInvocable<void()> function);

  // For the loop, on its thread: runs what has been posted so far; what these functions post waits for the next call.
  void RunPosted();
  // For the loop: becomes readable when something is posted to an empty mailbox. A blocking descriptor, which is what
  // io_uring needs to wait for a read of it. -1 where the kernel gave none.
  int fd() const { return fd_; }

 private:
  struct Message {
    absl::AnyInvocable<void()> function;
    Message* next;
  };

  // Takes all messages out, the one posted first in front.
  Message* TakeAll();

  const int fd_;
  // The message posted last, which links to the one before.
  std::atomic<Message*> last_ = nullptr;
};

}  // namespace fairlead::event
