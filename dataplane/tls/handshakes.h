#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/any_invocable.h"
#include "dataplane/event/loop.h"
#include "dataplane/event/socket.h"
#include "dataplane/event/timer_wheel.h"
#include "dataplane/tls/server_context.h"
#include "dataplane/tls/socket.h"

namespace fairlead::tls {

// How the clients of a socket of the control side are met.
struct HandshakeOptions {
  // By what the next one is: it may change.
  std::function<std::shared_ptr<const ServerContext>()> context;
  // Gets a line for operators when one failed, at most one a second.
  std::function<void(std::string_view line)> log;
};

// TLS handshakes with clients of the control side, under way. A client whose handshake is done goes to its server as a
// socket like any other; others are closed. Owned by that server, for its loop's thread alone; its end closes all that
// are here.
class Handshakes {
 public:
  static constexpr uint64_t kTimeoutMs = 10'000;

  // `on_done` takes the socket over, which has no handler yet and receives nothing. The loop outlives this.
  Handshakes(event::Loop* loop, HandshakeOptions options, absl::AnyInvocable<void(Socket*)> on_done)
      : loop_(loop), options_(std::move(options)), on_done_(std::move(on_done)) {}
  Handshakes(const Handshakes&) = delete;
  Handshakes& operator=(const Handshakes&) = delete;

  // Takes over a connected non-blocking descriptor.
  void Begin(int fd);
  // Under way.
  size_t size() const { return all_.size(); }

 private:
  class Handshake final : private event::SocketHandler {
   public:
    Handshake(Handshakes* owner, int fd);
    ~Handshake();

   private:
    void OnConnected(int error) override;
    void OnReceived(buffer::Slice) override {}
    void OnReceiveEnd(int) override {}
    void OnSent(size_t, int) override {}
    void OnTimeout();

    Handshakes* const owner_;
    Socket* socket_;  // null: given on
    event::Timer timer_;
  };

  // Each ends it.
  void Succeed(Handshake* handshake, Socket* socket);
  void Fail(Handshake* handshake, std::string_view why);

  event::Loop* const loop_;
  const HandshakeOptions options_;
  absl::AnyInvocable<void(Socket*)> on_done_;
  absl::flat_hash_set<std::unique_ptr<Handshake>> all_;
  uint64_t told_at_ms_ = 0;
  uint64_t untold_ = 0;
};

}  // namespace fairlead::tls
