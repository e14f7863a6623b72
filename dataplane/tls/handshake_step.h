#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "dataplane/event/mailbox.h"
#include "dataplane/tls/failure.h"
#include "dataplane/tls/handshake_progress.h"

struct ssl_st;

namespace fairlead::tls {

class Socket;

// One step of a server's handshake, taken out of its socket, so that another thread can do it: OpenSSL's state, what
// the client has sent, and what is to be sent to it. Owned by the thread that it is with: first the socket's loop, then
// a helper's, then the loop's again.
struct HandshakeStep {
  HandshakeStep() = default;
  HandshakeStep(const HandshakeStep&) = delete;
  HandshakeStep& operator=(const HandshakeStep&) = delete;
  ~HandshakeStep();

  // Does it, on any thread.
  void Run();

  ssl_st* tls = nullptr;
  std::shared_ptr<const void> context;  // that `tls` goes by
  std::string input;                    // afterwards: what the step has left of it
  std::string output;
  std::unique_ptr<EarlyReading> early;  // null: none is taken
  HandshakeProgress progress = HandshakeProgress::kWaits;
  std::optional<Failure> failure;  // where it has failed

  // Whom it is given back to, on the loop's thread: null when the socket has been closed.
  Socket* socket = nullptr;
  event::Mailbox* loop = nullptr;
  // The socket has been closed: it need not be done.
  std::atomic<bool> abandoned{false};
};

}  // namespace fairlead::tls
