#include "prober/connection_attempt.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include "api/yaml/concat.h"
#include "dataplane/net/socket_options.h"

namespace fairlead::prober {

std::string DescribeErrno(int error) {
  switch (error) {
    case ECONNREFUSED:
      return "refused";
    case ECONNRESET:
      return "reset";
    case ENOENT:
      return "no such socket";
    case ETIMEDOUT:
      return "timed out";
    default:
      return std::generic_category().message(error);
  }
}

ConnectionAttempt::~ConnectionAttempt() { Close(); }

std::string_view ConnectionAttempt::stage() const {
  if (open_) return "answer";
  return tls_ == nullptr ? "connect" : "connect and TLS handshake";
}

void ConnectionAttempt::Connect(const net::Address& address) {
  absl::StatusOr<base::UniqueFd> fd = net::OpenStreamSocket(address);
  if (!fd.ok()) return Finish(false, api::Concat("not checked: ", std::string(fd.status().message())));
  transport_ = loop().Connect(fd->Release(), address.get(), address.length(), this);
  socket_ = transport_;
  if (tls_ != nullptr) socket_ = tls_socket_ = tls::Socket::Connect(loop(), transport_, tls_, nullptr, this);
}

std::string_view ConnectionAttempt::protocol() const {
  return tls_socket_ == nullptr ? std::string_view() : tls_socket_->protocol();
}

void ConnectionAttempt::PauseReceive() {
  if (socket_ != nullptr) socket_->PauseReceive();
}

void ConnectionAttempt::ResumeReceive() {
  if (socket_ != nullptr) socket_->ResumeReceive();
}

void ConnectionAttempt::OnConnected(int error) {
  if (error != 0) {
    const tls::Failure* failure = tls_socket_ == nullptr ? nullptr : tls_socket_->failure();
    Finish(false,
           failure == nullptr ? api::Concat("connect: ", DescribeErrno(error)) : api::Concat("TLS: ", failure->text));
    return Close();
  }
  open_ = true;
  OnOpen();
  EndCallback();
}

void ConnectionAttempt::OnReceived(buffer::Slice bytes) {
  OnBytes(std::move(bytes));
  EndCallback();
}

void ConnectionAttempt::OnReceiveEnd(int error) {
  OnEnd(error);
  EndCallback();
}

void ConnectionAttempt::OnSent(size_t sent, int error) {
  sending_ = false;
  if (error != 0) {
    // What the server said before it closed may still be there to be read: the end of receiving decides.
    send_failed_ = true;
    output_.Clear();
    return;
  }
  output_.Consume(sent);
  OnOutputSent();
  EndCallback();
}

void ConnectionAttempt::EndCallback() {
  if (!finished()) OnCallbackEnd();
  if (finished()) return Close();
  if (send_failed_) output_.Clear();
  if (sending_ || output_.empty()) return;
  iovec pieces[event::Socket::kMaxIovecs];
  const int count = output_.FillIovecs(pieces, event::Socket::kMaxIovecs);
  sending_ = true;
  socket_->StartSend(pieces, count);
}

void ConnectionAttempt::Close() {
  if (socket_ == nullptr) return;
  std::exchange(socket_, nullptr)->Close(sending_ ? output_.TakeSlices() : std::vector<buffer::Slice>());
}

}  // namespace fairlead::prober
