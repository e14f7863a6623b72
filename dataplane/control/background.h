#pragma once

#include <memory>
#include <thread>

#include "absl/functional/any_invocable.h"
#include "dataplane/event/mailbox.h"

namespace fairlead::control {

// Work that would keep the control thread for long: runs `work` elsewhere, then `done` on the control thread, unless
// the program ends before. One after another. Null: there is nowhere else, both run at once.
using Background = absl::AnyInvocable<void(absl::AnyInvocable<void()> work, absl::AnyInvocable<void()> done)>;

// A thread for it, below the workers' priority. Made and destroyed on the control thread.
class BackgroundThread {
 public:
  // `control` is that of the control thread's loop, and outlives it.
  explicit BackgroundThread(event::Mailbox* control);
  // Waits for what it was given.
  ~BackgroundThread();
  BackgroundThread(const BackgroundThread&) = delete;
  BackgroundThread& operator=(const BackgroundThread&) = delete;

  void Do(absl::AnyInvocable<void()> work, absl::AnyInvocable<void()> done);

 private:
  void Run();

  event::Mailbox* const control_;
  event::Mailbox mailbox_;
  bool stopped_ = false;  // the thread's
  std::thread thread_;    // last: it uses all the others
};

}  // namespace fairlead::control
