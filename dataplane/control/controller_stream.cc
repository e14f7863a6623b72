#include "dataplane/control/controller_stream.h"

#include <string>
#include <utility>

#include "api/credentials/credentials.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/control/control_address.h"
#include "dataplane/control/grpc_limits.h"
#include "dataplane/control/grpc_peer.h"
#include "dataplane/identity/peer.h"

namespace fairlead::control {
namespace {

std::shared_ptr<grpc::Channel> MakeChannel(const net::Address& address, const api::MutualTls& tls) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  // Each try connects by itself: gRPC would share connections, and the waiting after failed ones, between channels.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  const auto credentials = api::MakeChannelCredentials(WantsTls(address) ? tls : api::MutualTls{}, arguments);
  return grpc::CreateCustomChannel(ToGrpcTarget(address), credentials, arguments);
}

absl::Status FromGrpc(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

}  // namespace

std::shared_ptr<ControllerStream> ControllerStream::Dial(const net::Address& address, const api::MutualTls& tls,
                                                         ControlCore* core, event::Loop* loop, OnEnded on_ended) {
  std::shared_ptr<ControllerStream> stream(new ControllerStream(address, tls, loop, std::move(on_ended)));
  stream->self_ = stream;
  stream->Start(core, address);
  return stream;
}

ControllerStream::ControllerStream(const net::Address& address, const api::MutualTls& tls, event::Loop* loop,
                                   OnEnded on_ended)
    : loop_(loop),
      on_ended_(std::move(on_ended)),
      channel_(MakeChannel(address, tls)),
      stub_(v1::ControlPlane::NewStub(channel_)) {}

void ControllerStream::Start(ControlCore* core, const net::Address& address) {
  address_ = address.ToString();
  session_ = std::make_unique<Session>(core, &loop_->timers(), this, identity::Peer{.source = address_});
  stub_->async()->Connect(&context_, this);
  // Reads and writes are started from the control thread, not from gRPC's calls below: without this it might be done in
  // between.
  AddHold();
  StartCall();
  session_->Start();
}

void ControllerStream::Abandon() {
  on_ended_ = nullptr;
  context_.TryCancel();
  HangUp();
  until_done_.wait();
}

template <typename Function>
void ControllerStream::Post(Function function) {
  loop_->mailbox().Post([self = self_, function = std::move(function)]() mutable {
    if (self->session_ != nullptr) function(*self);
  });
}

void ControllerStream::OnReadDone(bool ok) {
  if (!ok) return Post([](ControllerStream& stream) { stream.HangUp(); });
  Post([message = std::move(incoming_)](ControllerStream& stream) mutable {
    if (!std::exchange(stream.heard_, true)) stream.IdentifyController();
    stream.session_->OnRead(std::move(message));
  });
}

void ControllerStream::OnWriteDone(bool ok) {
  outgoing_.reset();
  if (!ok) return Post([](ControllerStream& stream) { stream.HangUp(); });
  Post([](ControllerStream& stream) { stream.session_->OnWritten(); });
}

void ControllerStream::OnDone(const grpc::Status& status) {
  // gRPC says UNAVAILABLE where nobody was there, as controllers do that do not lead: what tells them apart is this.
  const bool connected = channel_->GetState(/*try_to_connect=*/false) == GRPC_CHANNEL_READY;
  std::promise<void> done = std::move(done_);
  // From here on, the control thread may end the stream at any time.
  loop_->mailbox().Post([self = std::move(self_), connected, status = FromGrpc(status)] {
    if (self->on_ended_ == nullptr) return;
    self->on_ended_({.status = self->ended_by_session_.value_or(status),
                     .heard = self->heard_,
                     .reached = self->heard_ || connected});
  });
  done.set_value();
}

void ControllerStream::Write(std::shared_ptr<const v1::FromProxy> message) {
  outgoing_ = std::move(message);
  StartWrite(outgoing_.get());
}

void ControllerStream::End(const absl::Status& status) {
  ended_by_session_ = status;
  context_.TryCancel();
  // The session is in the middle of this call: it goes in a turn of its own.
  Post([](ControllerStream& stream) { stream.HangUp(); });
}

// By the certificate of a controller that is dialled; gRPC knows it once something has come.
void ControllerStream::IdentifyController() {
  identity::Peer peer{.source = address_};
  if (const auto authenticated = context_.auth_context()) AddCertificate(*authenticated, peer);
  session_->Identify(std::move(peer));
}

void ControllerStream::HangUp() {
  if (session_ == nullptr) return;
  session_.reset();
  // A controller that sent what is no message has not ended the stream: gRPC would wait for that for ever.
  context_.TryCancel();
  RemoveHold();
}

}  // namespace fairlead::control
