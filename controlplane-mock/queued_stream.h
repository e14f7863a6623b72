#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <deque>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "controlplane-mock/controller.h"
#include "controlplane-mock/inbox.h"
#include "controlplane-mock/proxy_stream.h"
#include "fairlead/v1/control.grpc.pb.h"

namespace fairlead::controlplane_mock {

// A ProxyStream over gRPC's callback API, in bytes, so that it can also carry what is no message. `Reactor` is the base
// of the side: grpc::ServerBidiReactor<ByteBuffer, ByteBuffer> or grpc::ClientBidiReactor of the same.
//
// gRPC calls the On… functions on its threads; they hand what came to the controller through the inbox. The stream is
// deleted on the controller's thread, after the controller has been told that it is closed.
template <typename Reactor>
class QueuedStream : public Reactor, public ProxyStream {
 public:
  void SendBytes(std::string bytes) final {
    const std::lock_guard lock(mutex_);
    if (ending_ || cut_) return;
    const grpc::Slice slice(bytes);
    unsent_.emplace_back(&slice, 1);
    if (unsent_.size() == 1) this->StartWrite(&unsent_.front());
  }

  void PauseReading() final {
    const std::lock_guard lock(mutex_);
    reading_ = false;
  }

  void ResumeReading() final {
    const std::lock_guard lock(mutex_);
    reading_ = true;
    StartReadIfDue();
  }

  void End(const absl::Status& reason) final {
    const std::lock_guard lock(mutex_);
    EndLocked(reason);
  }

  void Cut() final {
    const std::lock_guard lock(mutex_);
    cut_ = true;
    if (unsent_.empty()) EndLocked(absl::CancelledError("cut here"));
  }

 protected:
  // Both outlive the stream.
  QueuedStream(Inbox* inbox, Controller* controller) : inbox_(inbox), controller_(controller) {}
  virtual ~QueuedStream() = default;

  // Tells the controller that the stream is there; the first message does so at the latest. Not from two threads at
  // once.
  void Announce() {
    if (std::exchange(announced_, true)) return;
    Post([this] { controller_->OnOpened(this, Clock::now()); });
  }

  // The last word, from OnDone: tells the controller, if it knows of the stream, and deletes it. `reason` is what the
  // peer said, if it did; this side's own goes before it.
  void Close(absl::Status reason) {
    {
      // Whoever called the function that led here has left it.
      const std::lock_guard lock(mutex_);
      if (!end_reason_.ok()) reason = end_reason_;
    }
    Post([this, reason = std::move(reason)] {
      if (announced_) controller_->OnClosed(this, reason);
      OnDeletion();
      delete this;
    });
  }

  // For the side's own reactions.
  void OnCancelled() {
    const std::lock_guard lock(mutex_);
    EndLocked(absl::CancelledError("the peer is gone"));
  }

  // Ends the stream for good: nothing is being written and nothing will be. Called once, with the lock held.
  virtual void FinishStream(const absl::Status& reason) = 0;
  // Whether FinishStream tells the peer the reason.
  virtual bool SaysWhy() const = 0;
  // Makes gRPC give up what it is doing on this stream.
  virtual void Cancel() = 0;
  // On the controller's thread.
  virtual void OnDeletion() {}

 private:
  void OnReadDone(bool ok) final {
    v1::FromProxy message;
    const bool readable = ok && grpc::SerializationTraits<v1::FromProxy>::Deserialize(&received_, &message).ok();
    if (readable) {
      Announce();
      Post([this, message = std::move(message)] { controller_->OnMessage(this, message, Clock::now()); });
    }
    const std::lock_guard lock(mutex_);
    read_is_out_ = false;
    if (readable) return StartReadIfDue();
    EndLocked(ok ? absl::InvalidArgumentError("a message that cannot be parsed") : absl::OkStatus());
  }

  void OnWriteDone(bool ok) final {
    const std::lock_guard lock(mutex_);
    unsent_.pop_front();
    if (!ok && !ending_) {
      ending_ = true;
      end_reason_ = absl::UnavailableError("the peer takes no more messages");
    }
    if (ending_) {
      unsent_.clear();
      return FinishStream(end_reason_);
    }
    if (!unsent_.empty()) {
      this->StartWrite(&unsent_.front());
    } else if (cut_) {
      EndLocked(absl::CancelledError("cut here"));
    }
  }

  void EndLocked(const absl::Status& reason) {
    if (ending_) return;
    ending_ = true;
    end_reason_ = reason;
    if (cut_) Cancel();
    if (unsent_.empty()) return FinishStream(reason);
    // OnWriteDone finishes. That may take for ever with a peer that is dead, and is of no use if the peer won't hear
    // why.
    if (!SaysWhy() || absl::IsDeadlineExceeded(reason)) Cancel();
  }

  void StartReadIfDue() {
    if (!reading_ || read_is_out_ || ending_) return;
    read_is_out_ = true;
    this->StartRead(&received_);
  }

  void Post(Inbox::Function function) { inbox_->Post(std::move(function)); }

  Inbox* const inbox_;
  Controller* const controller_;

  std::mutex mutex_;
  bool announced_ = false;
  grpc::ByteBuffer received_;  // belongs to gRPC while a read is out
  // The rest is guarded by mutex_. The first of unsent_ is being written.
  std::deque<grpc::ByteBuffer> unsent_;
  bool reading_ = true;
  bool read_is_out_ = false;
  bool cut_ = false;
  bool ending_ = false;
  absl::Status end_reason_;
};

}  // namespace fairlead::controlplane_mock
