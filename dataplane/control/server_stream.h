#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/event/loop.h"

namespace fairlead::control {

// One stream that a peer opened on our gRPC server, for which `In` comes and `Out` goes. What happens on gRPC's threads
// is carried to the control thread, where the functions below are called; those that the derived class calls are for
// that thread, too.
//
// gRPC holds the stream from Open until it is done with it, whoever has it open (a registry on the control thread)
// holds it too; it ends on the control thread.
template <typename In, typename Out>
class ServerStream : public grpc::ServerBidiReactor<In, Out> {
 public:
  ServerStream(grpc::CallbackServerContext* context, event::Loop* loop) : loop_(loop), context_(context) {}

  // On gRPC's thread, once, for a stream that was just made. Returns what gRPC wants to have.
  static grpc::ServerBidiReactor<In, Out>* Open(std::shared_ptr<ServerStream> stream) {
    ServerStream* const self = stream.get();
    self->self_ = std::move(stream);
    self->loop_->mailbox().Post([opened = self->self_] { opened->OnOpened(opened); });
    return self;
  }

 protected:
  // Reads one message: OnMessage, or OnMessagesEnd where no more will come.
  void ReadMessage() {
    const std::lock_guard lock(mutex_);
    if (!finished_) this->StartRead(&incoming_);
  }
  // Writes one message: OnMessageWritten. One at a time.
  void WriteMessage(std::shared_ptr<const Out> message) {
    const std::lock_guard lock(mutex_);
    if (finished_) return;
    outgoing_ = std::move(message);
    this->StartWrite(outgoing_.get());
  }
  // Ends the stream for both sides, after what is being written. A peer that does not read that in time is cut off.
  void FinishStream(const absl::Status& status) {
    constexpr uint64_t kGraceMs = 1'000;
    FinishOnce(
        grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(base::FromAbsl(status.message()))));
    if (!closed_) loop_->timers().Schedule(&grace_timer_, kGraceMs);
  }

  // The first; `self` is for the registry.
  virtual void OnOpened(const std::shared_ptr<ServerStream>& self) = 0;
  virtual void OnMessage(In message) = 0;
  virtual void OnMessagesEnd() = 0;
  virtual void OnMessageWritten() = 0;
  // The last.
  virtual void OnClosed() = 0;

  event::Loop* loop() const { return loop_; }

 private:
  void OnReadDone(bool ok) final {
    if (ok) {
      Post([message = std::move(incoming_)](ServerStream& stream) mutable { stream.OnMessage(std::move(message)); });
    } else {
      Post([](ServerStream& stream) { stream.OnMessagesEnd(); });
    }
  }
  void OnWriteDone(bool ok) final {
    outgoing_.reset();
    if (ok) Post([](ServerStream& stream) { stream.OnMessageWritten(); });
  }
  // The peer has gone, or the server is shutting down.
  void OnCancel() final { FinishOnce(grpc::Status::CANCELLED); }
  void OnDone() final {
    {
      const std::lock_guard lock(mutex_);
      context_ = nullptr;
    }
    event::Loop* const loop = loop_;
    // From here on, the control thread may end the stream at any time.
    loop->mailbox().Post([self = std::move(self_)] {
      self->closed_ = true;
      self->loop_->timers().Cancel(&self->grace_timer_);
      self->OnClosed();
    });
  }

  template <typename Function>
  void Post(Function function) {
    loop_->mailbox().Post([self = self_, function = std::move(function)]() mutable {
      if (!self->closed_) function(*self);
    });
  }

  // gRPC allows it once, and nothing to be started after it.
  void FinishOnce(const grpc::Status& status) {
    const std::lock_guard lock(mutex_);
    if (std::exchange(finished_, true)) return;
    this->Finish(status);
  }

  static void OnGraceOver(void* stream) {
    auto* self = static_cast<ServerStream*>(stream);
    const std::lock_guard lock(self->mutex_);
    if (self->context_ != nullptr) self->context_->TryCancel();
  }

  event::Loop* const loop_;
  std::shared_ptr<ServerStream> self_;  // until gRPC is done

  // gRPC's between starting and done, else nobody's.
  In incoming_;
  std::shared_ptr<const Out> outgoing_;

  std::mutex mutex_;
  // By mutex_.
  grpc::CallbackServerContext* context_;  // null when gRPC is done
  bool finished_ = false;

  // For the control thread.
  bool closed_ = false;
  event::Timer grace_timer_{&OnGraceOver, this};
};

}  // namespace fairlead::control
