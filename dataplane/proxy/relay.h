#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/buffer/queue.h"
#include "dataplane/event/loop.h"
#include "dataplane/event/socket.h"
#include "dataplane/event/turn_work.h"

namespace fairlead::proxy {

// Passes bytes between two sockets, both ways, as they are. Each direction ends on its own: the end of what one side
// sends is passed on when all before it has been. A side whose peer does not read is paused, so that no more than about
// 64 KiB wait for either.
//
// Part of its owner, a TurnWorker: what arrives makes the owner run at the end of the callback, and there it calls Run.
// The sockets are attached one by one; bytes from the one wait for the other. On the worker's thread alone.
class Relay {
 public:
  // Beyond the first mark a sender is paused until no more than the second is left.
  static constexpr size_t kHighWatermark = 64 * 1024;
  static constexpr size_t kLowWatermark = 16 * 1024;

  enum Side : uint8_t { kClient = 0, kServer = 1 };

  // Who counts. Called from within callbacks of the loop.
  class Meter {
   public:
    virtual void OnRelayReceived(Side from, size_t bytes) = 0;
    virtual void OnRelaySent(Side to, size_t bytes) = 0;

   protected:
    ~Meter() = default;
  };

  enum class State : uint8_t {
    kOpen,
    // Both directions have ended, and all is with the kernel.
    kEnded,
    // One side failed, and the other has been given what came from it: it is to hear of the failure by a reset.
    kFailed,
  };

  // All that is given outlives it.
  Relay(event::Loop* loop, event::TurnWork* turn_work, event::TurnWorker* owner, Meter* meter);
  ~Relay() { Close(/*reset=*/false); }
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // Takes over a connected socket, and receives from it.
  void Attach(Side side, event::Socket* socket);
  // What waits to be sent to that side. The owner may put bytes of its own in front, before anything has come.
  buffer::Queue& output(Side side) { return ends_[side].output_; }

  // Sends what can be sent, and says how things stand.
  State Run();
  // Closes what is attached. Nothing comes afterwards.
  void Close(bool reset);

  // Whether that side broke its connection off.
  bool failed(Side side) const { return ends_[side].receive_failed_; }

  // When a byte was last received or taken by the kernel, on the loop's clock.
  uint64_t last_activity_ms() const { return last_activity_ms_; }

 private:
  class End final : public event::SocketHandler {
   public:
    void OnConnected(int) override {}
    void OnReceived(buffer::Slice bytes) override;
    void OnReceiveEnd(int error) override;
    void OnSent(size_t sent, int error) override;

    // Sends what waits, and behind it the end, where `ended` says that nothing follows.
    void Flush(bool ended);
    bool flushed() const { return output_.empty() || send_failed_ || socket_ == nullptr; }
    Side side() const { return this == &relay_->ends_[kClient] ? kClient : kServer; }
    // Nothing comes from it any more, and nothing can be sent to it.
    bool gone() const { return receive_failed_ || (receive_ended_ && send_failed_); }
    void Close(bool reset);

    Relay* relay_;
    End* other_;
    event::Socket* socket_ = nullptr;
    buffer::Queue output_;
    bool sending_ : 1 = false;
    bool paused_ : 1 = false;
    bool receive_ended_ : 1 = false;
    bool receive_failed_ : 1 = false;
    bool send_ended_ : 1 = false;
    bool send_failed_ : 1 = false;
  };

  event::Loop* const loop_;
  event::TurnWork* const turn_work_;
  event::TurnWorker* const owner_;
  Meter* const meter_;
  uint64_t last_activity_ms_;
  End ends_[2];
};

}  // namespace fairlead::proxy
