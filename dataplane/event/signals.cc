#include "dataplane/event/signals.h"

#include <pthread.h>
#include <signal.h>

#include <utility>

namespace fairlead::event {
namespace {

// Ends the thread; nobody else sends it.
constexpr int kEnd = SIGUSR2;

sigset_t Heard(std::initializer_list<int> others) {
  sigset_t signals;
  sigemptyset(&signals);
  for (int signal : {SIGTERM, SIGINT, SIGHUP, kEnd}) sigaddset(&signals, signal);
  for (int signal : others) sigaddset(&signals, signal);
  return signals;
}

}  // namespace

Signals::Signals(std::initializer_list<int> others) : heard_(Heard(others)) {
  pthread_sigmask(SIG_BLOCK, &heard_, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

Signals::~Signals() {
  if (!thread_.joinable()) return;
  pthread_kill(thread_.native_handle(), kEnd);
  thread_.join();
}

void Signals::Start(absl::AnyInvocable<void(int)> on_signal) {
  thread_ = std::thread([heard = heard_, on_signal = std::move(on_signal)]() mutable {
    int signal = 0;
    while (sigwait(&heard, &signal) == 0 && signal != kEnd) on_signal(signal);
  });
}

}  // namespace fairlead::event
