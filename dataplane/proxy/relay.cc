#include "dataplane/proxy/relay.h"

#include <utility>

#include "dataplane/net/socket_options.h"

namespace fairlead::proxy {
namespace {

// A slice holds its whole block of 16 KiB. Where bytes have to wait, smaller ones than this are copied together, so
// that many small pieces do not hold a block each.
constexpr size_t kSmallPiece = 2048;

}  // namespace

Relay::Relay(event::Loop* loop, event::TurnWork* turn_work, event::TurnWorker* owner, Meter* meter)
    : loop_(loop), turn_work_(turn_work), owner_(owner), meter_(meter), last_activity_ms_(loop->now_ms()) {
  for (Side side : {kClient, kServer}) {
    ends_[side].relay_ = this;
    ends_[side].other_ = &ends_[1 - side];
  }
}

void Relay::Attach(Side side, event::Socket* socket) {
  End& end = ends_[side];
  end.socket_ = socket;
  socket->set_handler(&end);
  socket->ResumeReceive();
  last_activity_ms_ = loop_->now_ms();
  turn_work_->Add(owner_);
}

Relay::State Relay::Run() {
  ends_[kClient].Flush(ends_[kServer].receive_ended_);
  ends_[kServer].Flush(ends_[kClient].receive_ended_);
  bool ended = true, failed = false;
  for (const End& end : ends_) {
    // A side that has gone takes the other with it, once that one has what came before.
    if (end.gone() && end.other_->flushed()) return end.receive_failed_ ? State::kFailed : State::kEnded;
    ended &= end.receive_ended_ && (end.send_ended_ || end.send_failed_);
    failed |= end.receive_failed_;
  }
  return ended && !failed ? State::kEnded : State::kOpen;
}

void Relay::EndNow(Side side, bool reset) {
  if (event::Socket* socket = ends_[side].socket_; socket != nullptr) net::EndNow(socket->fd(), reset);
}

void Relay::Close(bool reset) {
  for (End& end : ends_) end.Close(reset);
}

void Relay::End::OnReceived(buffer::Slice bytes) {
  event::TurnScope scope(relay_->turn_work_);
  relay_->last_activity_ms_ = relay_->loop_->now_ms();
  relay_->meter_->OnRelayReceived(side(), bytes.size());
  if (other_->send_failed_ || other_->receive_failed_) return;  // nobody is left to read it
  buffer::Queue& output = other_->output_;
  if (!output.empty() && bytes.size() < kSmallPiece) {
    output.Append(bytes.view(), relay_->loop_->blocks());
  } else {
    output.Append(std::move(bytes));
  }
  relay_->turn_work_->Add(relay_->owner_);
  // Where memory gets short, a piece at a time.
  if (output.size() < kHighWatermark && !relay_->loop_->blocks().lean()) return;
  paused_ = true;
  socket_->PauseReceive();
}

void Relay::End::OnReceiveEnd(int error) {
  event::TurnScope scope(relay_->turn_work_);
  relay_->last_activity_ms_ = relay_->loop_->now_ms();
  receive_ended_ = true;
  receive_failed_ = error != 0;
  relay_->turn_work_->Add(relay_->owner_);
}

void Relay::End::OnSent(size_t sent, int error) {
  event::TurnScope scope(relay_->turn_work_);
  sending_ = false;
  relay_->turn_work_->Add(relay_->owner_);
  if (error != 0) {
    // What this side said before it left may still be waiting to be read: the end of receiving decides.
    send_failed_ = true;
    output_.Clear();
  } else if (sent == 0) {
    return;
  } else {
    relay_->last_activity_ms_ = relay_->loop_->now_ms();
    relay_->meter_->OnRelaySent(side(), sent);
    output_.Consume(sent);
    if (output_.size() > (relay_->loop_->blocks().lean() ? 0 : kLowWatermark)) return;
  }
  if (!other_->paused_) return;
  other_->paused_ = false;
  other_->socket_->ResumeReceive();
}

void Relay::End::Flush(bool ended) {
  if (socket_ == nullptr || sending_ || send_failed_ || send_ended_) return;
  if (!output_.empty()) {
    iovec iovecs[event::Socket::kMaxIovecs];
    const int count = output_.FillIovecs(iovecs, event::Socket::kMaxIovecs);
    sending_ = true;
    socket_->StartSend(iovecs, count);
  } else if (ended && !other_->receive_failed_) {
    send_ended_ = true;
    socket_->ShutdownSend();
  }
}

void Relay::End::Close(bool reset) {
  if (socket_ == nullptr) return;
  if (reset) net::ResetOnClose(socket_->fd());
  std::exchange(socket_, nullptr)->Close(sending_ ? output_.TakeSlices() : std::vector<buffer::Slice>());
  output_.Clear();
}

}  // namespace fairlead::proxy
