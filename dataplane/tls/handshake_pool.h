#pragma once

#include <memory>
#include <vector>

#include "dataplane/tls/handshake_step.h"

namespace fairlead::tls {

// Threads that do steps of handshakes for all workers, so that the milliseconds of a private key's work delay nobody
// whose connection stands. They run below the workers' priority: where they share a core, traffic comes first.
//
// Owned by whoever owns the workers. Submit is for workers' threads, the rest for the owner's.
class HandshakePool {
 public:
  // `threads`: at least 1.
  explicit HandshakePool(int threads);
  // After Stop, and after the last of the sockets that it was given steps of.
  ~HandshakePool();
  HandshakePool(const HandshakePool&) = delete;
  HandshakePool& operator=(const HandshakePool&) = delete;

  // Has the step done, and then Socket::OnStepDone called from the loop's turn. Takes no lock.
  void Submit(std::unique_ptr<HandshakeStep> step);
  // Ends the threads when what was submitted is done. What is submitted from now on is not done any more.
  void Stop();

 private:
  class Helper;

  std::vector<std::unique_ptr<Helper>> helpers_;
};

}  // namespace fairlead::tls
