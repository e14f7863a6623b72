#include "ctl/connection.h"

#include <utility>

#include "api/yaml/concat.h"
#include "ctl/address.h"
#include "ctl/printable.h"

namespace fairlead::ctl {
namespace {

constexpr uint32_t kProtocolVersion = 1;

// Whether a server that speaks HTTP/2, but does not know the call, answered: a listener, another program.
bool IsOfAnotherServer(grpc::StatusCode code) {
  return code == grpc::StatusCode::UNIMPLEMENTED || code == grpc::StatusCode::CANCELLED ||
         code == grpc::StatusCode::UNKNOWN;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const Options& options) {
  absl::StatusOr<std::shared_ptr<grpc::Channel>> channel = MakeChannel(options.address, options.tls);
  if (!channel.ok()) return channel.status();
  std::unique_ptr<Connection> connection(new Connection(options, *std::move(channel)));
  const absl::Status hello = connection->ReceiveHello();
  if (!hello.ok()) return hello;
  return connection;
}

Connection::Connection(Options options, std::shared_ptr<grpc::Channel> channel)
    : options_(std::move(options)),
      stub_(v1::DataPlane::NewStub(std::move(channel))),
      limits_(options_.timeout, options_.interrupts, [this] { context_.TryCancel(); }) {
  // Waits until the connection stands, or a limit is reached.
  stream_ = stub_->Connect(&context_);
}

Connection::~Connection() {
  // OK: it has not ended yet.
  if (end_.ok()) End().IgnoreError();
}

absl::Status Connection::ReceiveHello() {
  absl::StatusOr<v1::FromProxy> message = Receive();
  if (!message.ok()) return message.status();
  if (!message->has_hello() || message->hello().protocol_version() != kProtocolVersion) {
    return absl::UnavailableError(
        api::Concat(options_.address, " speaks another protocol than version ", kProtocolVersion, " of Fairlead's"));
  }
  hello_ = std::move(*message->mutable_hello());
  const std::chrono::milliseconds silence(hello_.heartbeat_timeout_ms());
  const std::chrono::milliseconds interval(hello_.heartbeat_interval_ms());
  if (silence.count() > 0) limits_.SetSilence(silence);
  if (interval.count() > 0) heartbeat_ = std::make_unique<Heartbeat>(interval, [this] { SendHeartbeat(); });
  return absl::OkStatus();
}

absl::Status Connection::Send(const v1::ToProxy& message) {
  if (!end_.ok()) return end_;
  {
    const std::lock_guard lock(write_mutex_);
    if (stream_->Write(message)) {
      if (heartbeat_ != nullptr) heartbeat_->NoteSent();
      return absl::OkStatus();
    }
  }
  return End();
}

absl::StatusOr<v1::FromProxy> Connection::Receive() {
  if (!end_.ok()) return end_;
  v1::FromProxy message;
  while (stream_->Read(&message)) {
    limits_.NoteHeard();
    if (!message.has_heartbeat()) return message;
  }
  return End();
}

void Connection::SendHeartbeat() {
  // Who is sending something needs no heartbeat.
  const std::unique_lock lock(write_mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return;
  v1::ToProxy message;
  message.mutable_heartbeat()->set_sequence(++heartbeats_);
  // A failure is seen by the thread that reads.
  stream_->Write(message);
}

absl::Status Connection::End() {
  limits_.Stop();
  context_.TryCancel();
  heartbeat_.reset();
  const grpc::Status status = stream_->Finish();
  const std::string& address = options_.address;
  switch (limits_.end()) {
    case StreamEnd::kTimedOut:
      end_ = NoAnswerError(address, options_.timeout);
      break;
    case StreamEnd::kSilent:
      end_ = absl::UnavailableError(
          api::Concat("heard nothing from ", address, " for ", PrintableSpan(hello_.heartbeat_timeout_ms())));
      break;
    case StreamEnd::kInterrupted:
      end_ = absl::CancelledError("interrupted");
      break;
    case StreamEnd::kNone:
      const bool had_hello = hello_.protocol_version() != 0;
      const bool is_another = !had_hello && IsOfAnotherServer(status.error_code());
      const std::string why = status.ok()  ? "it ended the stream"
                              : is_another ? "what answers there is no control socket of Fairlead's"
                                           : WhyUnreachable(status.error_message());
      const bool may_be_tls = !had_hello && !address.starts_with("unix:");
      end_ = absl::UnavailableError(api::Concat(had_hello ? "lost the proxy at " : "can't reach the proxy at ", address,
                                                ": ", may_be_tls ? api::ExplainFailure(why, options_.tls, "--") : why));
  }
  return end_;
}

}  // namespace fairlead::ctl
