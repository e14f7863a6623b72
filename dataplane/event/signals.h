#pragma once

#include <signal.h>

#include <initializer_list>
#include <thread>

#include "absl/functional/any_invocable.h"

namespace fairlead::event {

// Hears SIGTERM, SIGINT, SIGHUP, and what else is asked for, on a thread of its own, and ignores SIGPIPE. To be made
// before any other thread, so that all of them inherit the mask that leaves signals to it.
class Signals {
 public:
  explicit Signals(std::initializer_list<int> others = {});
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // `on_signal` is called for each signal, on the signal thread, until this is destroyed.
  void Start(absl::AnyInvocable<void(int signal)> on_signal);

 private:
  const sigset_t heard_;
  std::thread thread_;
};

}  // namespace fairlead::event
