#include "dataplane/server/signals.h"

#include <pthread.h>
#include <signal.h>

#include <utility>

namespace fairlead::server {
namespace {

// Ends the thread; nobody else sends it.
constexpr int kEnd = SIGUSR2;

sigset_t Heard() {
  sigset_t signals;
  sigemptyset(&signals);
  for (int signal : {SIGTERM, SIGINT, SIGHUP, kEnd}) sigaddset(&signals, signal);
  return signals;
}

}  // namespace

Signals::Signals() {
  const sigset_t heard = Heard();
  pthread_sigmask(SIG_BLOCK, &heard, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

Signals::~Signals() {
  if (!thread_.joinable()) return;
  pthread_kill(thread_.native_handle(), kEnd);
  thread_.join();
}

void Signals::Start(absl::AnyInvocable<void(int)> on_signal) {
  thread_ = std::thread([on_signal = std::move(on_signal)]() mutable {
    const sigset_t heard = Heard();
    int signal = 0;
    while (sigwait(&heard, &signal) == 0 && signal != kEnd) on_signal(signal);
  });
}

}  // namespace fairlead::server
