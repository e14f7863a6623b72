#include "dataplane/tls/socket.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "dataplane/tls/ephemeral_keys.h"
#include "dataplane/tls/handshake_pool.h"
#include "dataplane/tls/handshake_progress.h"
#include "dataplane/tls/handshake_step.h"
#include "dataplane/tls/openssl.h"
#include "dataplane/tls/socket_bio.h"

namespace fairlead::tls {
namespace {

// Less of a block than this is not worth a call.
constexpr size_t kMinimumRoom = 512;
// Pieces below this are put together into one record with what follows, others get records of their own.
constexpr size_t kGatherBelow = 8'192;

bool IsToBeReset(int fd) {
  linger at_close{};
  socklen_t length = sizeof(at_close);
  getsockopt(fd, SOL_SOCKET, SO_LINGER, &at_close, &length);
  return at_close.l_onoff != 0 && at_close.l_linger == 0;
}

}  // namespace

Socket* Socket::Accept(event::Loop& loop, event::Socket* transport, std::shared_ptr<const ServerContext> context,
                       event::SocketHandler* handler, buffer::Slice begin, HandshakePool* helpers) {
  SSL* tls = SSL_new(context->context());
  if (tls != nullptr) SSL_set_accept_state(tls);
  if (tls != nullptr && helpers != nullptr) context->StopAtKey(tls);
  const bool takes_early_data = context->settings().early_data;
  auto* socket = new Socket(loop, transport, tls, std::move(context), handler);
  socket->helpers_ = helpers;
  socket->stops_at_key_ = helpers != nullptr;
  if (takes_early_data) socket->early_ = std::make_unique<EarlyReading>();
  if (!begin.empty()) socket->input_.Append(std::move(begin));
  transport->ResumeReceive();
  // What was received already, or the lack of memory, is told from the loop's turn.
  if (!socket->input_.empty() || tls == nullptr) loop.AddReady(socket);
  return socket;
}

Socket* Socket::Connect(event::Loop& loop, event::Socket* transport, std::shared_ptr<const ClientContext> context,
                        std::shared_ptr<ClientSessions> sessions, event::SocketHandler* handler,
                        std::string_view first) {
  Socket* socket = ConnectOver(loop, transport, std::move(context), std::move(sessions), handler);
  socket->phase_ = Phase::kConnecting;
  if (!first.empty()) socket->AddOutput(first.data(), first.size());
  return socket;
}

Socket* Socket::ConnectOver(event::Loop& loop, event::Socket* transport, std::shared_ptr<const ClientContext> context,
                            std::shared_ptr<ClientSessions> sessions, event::SocketHandler* handler) {
  SSL* tls = SSL_new(context->context());
  if (tls != nullptr) {
    SSL_set_connect_state(tls);
    if (!context->asked_name().empty()) SSL_set_tlsext_host_name(tls, context->asked_name().c_str());
    ClientSessions::LeaveIn(sessions.get(), tls);
    if (const SessionPtr session(sessions != nullptr ? sessions->Take() : nullptr); session != nullptr) {
      SSL_set_session(tls, session.get());
    }
  }
  auto* socket = new Socket(loop, transport, tls, std::move(context), handler);
  socket->sessions_ = std::move(sessions);
  transport->ResumeReceive();
  loop.AddReady(socket);
  return socket;
}

Socket::Socket(event::Loop& loop, event::Socket* transport, SSL* tls, std::shared_ptr<const void> context,
               event::SocketHandler* handler)
    : event::Socket(transport->fd(), handler),
      loop_(loop),
      transport_(transport),
      tls_(tls),
      context_(std::move(context)) {
  transport_->set_handler(this);
  if (tls_ == nullptr) return;
  BIO* bio = SocketBio::Create(this);
  SSL_set_bio(tls_, bio, bio);
}

Socket::~Socket() { SSL_free(tls_); }

bool Socket::HasNews() const { return HasInput() || end_ == End::kReached || transport_->HasNews(); }

bool Socket::HasInput() const {
  if (early_ != nullptr && !early_->bytes.empty()) return true;
  return !input_.empty() || (phase_ == Phase::kOpen && SSL_pending(tls_) > 0);
}

void Socket::ResumeReceive() {
  receiving_ = true;
  if (phase_ != Phase::kOpen && phase_ != Phase::kFailed && phase_ != Phase::kEarly) return;
  if (end_ == End::kNone) transport_->ResumeReceive();
  if (HasInput() || end_ == End::kReached) loop_.AddReady(this);
}

void Socket::PauseReceive() {
  receiving_ = false;
  if (phase_ == Phase::kOpen) transport_->PauseReceive();
}

void Socket::StartSend(const iovec* iovecs, int count) {
  const bool can_send = phase_ == Phase::kOpen || phase_ == Phase::kEarly;
  sending_ = send_failed_ || !can_send ? 0 : Encrypt(iovecs, count);
  if (sending_ > 0) return Flush();
  send_refused_ = true;
  loop_.AddReady(this);
}

void Socket::ShutdownSend() {
  shutdown_due_ = true;
  if (phase_ == Phase::kEarly) return;  // nothing is said of an end before the handshake's own
  if (phase_ == Phase::kOpen && !std::exchange(said_goodbye_, true)) SSL_shutdown(tls_);
  ERR_clear_error();
  if (phase_ == Phase::kFailed) {
    end_ = End::kAwaited;
    transport_->ResumeReceive();
  }
  Flush();
}

void Socket::Close(std::vector<buffer::Slice>) {
  closed_ = true;
  if (step_ != nullptr) {
    step_->socket = nullptr;
    step_->abandoned.store(true, std::memory_order_relaxed);
  }
  const bool orderly = phase_ == Phase::kOpen && !said_goodbye_ && output_.empty() && !IsToBeReset(fd_);
  if (orderly) {
    SSL_shutdown(tls_);
    iovec bytes;
    // If the kernel has no room, the peer learns of the end by the connection's.
    if (output_.FillIovecs(&bytes, 1) == 1) send(fd_, bytes.iov_base, bytes.iov_len, MSG_NOSIGNAL | MSG_DONTWAIT);
    ERR_clear_error();
  }
  transport_->Close(transport_sending_ ? output_.TakeSlices() : std::vector<buffer::Slice>());
  input_.Clear();
  output_.Clear();
  // A session is not made worthless by how its connection ends.
  if (tls_ != nullptr) SSL_set_shutdown(tls_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(std::exchange(tls_, nullptr));
  loop_.Retire(this);
  TellEarlyHandler(ECANCELED);
}

std::string_view Socket::protocol() const {
  const unsigned char* protocol = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(tls_, &protocol, &size);
  return {reinterpret_cast<const char*>(protocol), size};
}

std::string_view Socket::server_name() const {
  const char* name = SSL_get_servername(tls_, TLSEXT_NAMETYPE_host_name);
  if (name != nullptr) return name;
  // With TLS 1.2, OpenSSL does not know it of a session that was resumed.
  return resumed() ? Resumption::ServerName(tls_) : std::string_view();
}

const char* Socket::version() const { return SSL_get_version(tls_); }

const char* Socket::cipher() const { return SSL_get_cipher_name(tls_); }

bool Socket::resumed() const { return SSL_session_reused(tls_) == 1; }

bool Socket::resumed_by_id() const { return resumed() && Resumption::WasCached(tls_); }

EarlyDataOutcome Socket::early_data() const {
  return tls_ != nullptr ? Resumption::EarlyDataOf(tls_) : EarlyDataOutcome::kNotSent;
}

std::optional<ResumptionRefusal> Socket::resumption_refusal() const {
  return tls_ != nullptr ? Resumption::RefusalOf(tls_) : std::nullopt;
}

std::optional<PeerCertificate> Socket::peer_certificate() const {
  const X509* certificate = SSL_get0_peer_certificate(tls_);
  const bool checked = SSL_get_verify_mode(tls_) != SSL_VERIFY_NONE && SSL_get_verify_result(tls_) == X509_V_OK;
  if (certificate == nullptr || !checked) return std::nullopt;
  return Describe(*certificate);
}

void Socket::OnConnected(int error) {
  if (error == 0) {
    phase_ = Phase::kHandshake;
    return Handshake();
  }
  phase_ = Phase::kFailed;
  end_ = End::kTold;
  handler_->OnConnected(error);
}

void Socket::OnReceived(buffer::Slice bytes) {
  if (end_ != End::kNone) return;
  input_.Append(std::move(bytes));
  if (phase_ == Phase::kHandshake || phase_ == Phase::kEarly) return Handshake();
  TellReceived();
}

void Socket::OnReceiveEnd(int error) {
  if (end_ == End::kAwaited) {
    end_ = End::kTold;
    return handler_->OnReceiveEnd(error);
  }
  if (end_ != End::kNone) return;
  if (phase_ == Phase::kHandshake) {
    phase_ = Phase::kFailed;
    end_ = End::kTold;
    failure_ = std::make_unique<Failure>(
        Failure{FailureCause::kClosed, error == 0 ? "the peer has closed the connection during the handshake"
                                                  : absl::StrCat("during the handshake: ", std::strerror(error))});
    return handler_->OnConnected(error == 0 ? ECONNRESET : error);
  }
  if (phase_ == Phase::kEarly) {
    failure_ = std::make_unique<Failure>(Failure{FailureCause::kClosed, "the peer has closed the connection early"});
    return FailEarly(error == 0 ? ECONNRESET : error);
  }
  // What was received before comes first; it may yet say that this is the end.
  end_ = End::kReached;
  end_error_ = error == 0 ? ECONNRESET : error;
  TellReceived();
}

void Socket::OnSent(size_t sent, int error) {
  transport_sending_ = false;
  if (error != 0) {
    output_.Clear();
    send_failed_ = true;
    end_error_ = end_error_ == 0 ? error : end_error_;
    if (std::exchange(sending_, 0) > 0) handler_->OnSent(0, error);
    return;
  }
  output_.Consume(sent);
  if (!output_.empty() || shutdown_due_) Flush();
  if (output_.empty() && sending_ > 0) handler_->OnSent(std::exchange(sending_, 0), 0);
}

void Socket::OnReady() {
  if (phase_ == Phase::kHandshake) return Handshake();
  if (phase_ == Phase::kConnecting) return;
  Flush();
  if (std::exchange(send_refused_, false)) {
    handler_->OnSent(0, failure_ != nullptr ? EPROTO : EPIPE);
    if (closed_) return;
  }
  TellReceived();
}

size_t Socket::TakeInput(char* room, size_t size) {
  iovec front;
  if (input_.FillIovecs(&front, 1) == 0) return 0;
  const size_t taken = std::min(size, front.iov_len);
  std::memcpy(room, front.iov_base, taken);
  input_.Consume(taken);
  return taken;
}

void Socket::AddOutput(const char* bytes, size_t size) {
  buffer::BlockPool& pool = loop_.blocks();
  if (size > buffer::BlockPool::kBlockSize) return output_.Append({bytes, size}, pool);
  std::memcpy(output_.Reserve(size, pool), bytes, size);
  output_.Commit(size);
}

void Socket::Handshake() {
  if (step_ != nullptr) return;  // what came is for the next one
  if (helpers_ != nullptr && tls_ != nullptr && !stops_at_key_) return HandOver();
  FinishStep(tls_ != nullptr ? Advance(tls_, early_.get()) : HandshakeProgress::kFailed);
}

void Socket::HandOver() {
  auto step = std::make_unique<HandshakeStep>();
  iovec front;
  while (input_.FillIovecs(&front, 1) == 1) {
    step->input.append(static_cast<const char*>(front.iov_base), front.iov_len);
    input_.Consume(front.iov_len);
  }
  step->tls = std::exchange(tls_, nullptr);
  step->context = context_;
  step->early = std::move(early_);
  step->socket = this;
  step->loop = &loop_.mailbox();
  step_ = step.get();
  transport_->PauseReceive();
  helpers_->Submit(std::move(step));
}

void Socket::OnStepDone(std::unique_ptr<HandshakeStep> step) {
  if (step->socket != nullptr) step->socket->TakeBack(*step);
}

void Socket::TakeBack(HandshakeStep& step) {
  step_ = nullptr;
  tls_ = std::exchange(step.tls, nullptr);
  early_ = std::move(step.early);
  BIO* bio = SocketBio::Create(this);
  SSL_set_bio(tls_, bio, bio);
  if (!step.input.empty()) {
    // In front of what came meanwhile.
    std::vector<buffer::Slice> later = input_.TakeSlices();
    input_.Append(step.input, loop_.blocks());
    for (buffer::Slice& slice : later) input_.Append(std::move(slice));
  }
  if (!step.output.empty()) AddOutput(step.output.data(), step.output.size());
  if (step.failure.has_value()) failure_ = std::make_unique<Failure>(*std::move(step.failure));
  transport_->ResumeReceive();
  FinishStep(step.progress);
  const bool goes_on = phase_ == Phase::kHandshake || phase_ == Phase::kEarly;
  if (!closed_ && goes_on && !input_.empty()) Handshake();
}

void Socket::FinishStep(HandshakeProgress progress) {
  switch (progress) {
    case HandshakeProgress::kWaits:
      // Handing it over would cost as much as it does.
      if (helpers_ != nullptr && IsRestCheap(tls_)) helpers_ = nullptr;
      return Flush();
    case HandshakeProgress::kNeedsKey:
      stops_at_key_ = false;
      return HandOver();
    case HandshakeProgress::kEarly:
      if (phase_ != Phase::kEarly) {
        phase_ = Phase::kEarly;
        helpers_ = nullptr;  // what is left is little
        handler_->OnConnected(0);
        if (closed_) return;
      }
      return TellReceived();
    case HandshakeProgress::kDone:
      return Open();
    case HandshakeProgress::kFailed:
      if (phase_ == Phase::kEarly) return FailEarly(EPROTO);
      Fail(EPROTO);
      end_ = End::kTold;
      return handler_->OnConnected(EPROTO);
  }
}

void Socket::Open() {
  const bool was_early = phase_ == Phase::kEarly;
  phase_ = Phase::kOpen;
  ForgetEphemeralKeys(tls_);
  if (!receiving_) transport_->PauseReceive();
  if (was_early) {
    TellEarlyHandler(0);
  } else {
    handler_->OnConnected(0);
  }
  if (closed_) return;
  if (was_early && shutdown_due_) ShutdownSend();
  // Session tickets can wait for what the owner sends in this turn.
  if (!output_.empty()) loop_.AddReady(this);
  TellReceived();
}

void Socket::FailEarly(int error) {
  Fail(error);
  end_ = End::kTold;
  TellEarlyHandler(error);
  handler_->OnReceiveEnd(error);
}

void Socket::GiveUpHandshake() {
  failure_ = std::make_unique<Failure>(Failure{FailureCause::kClosed, "the handshake took too long"});
  FailEarly(ETIMEDOUT);
}

void Socket::TellEarlyHandler(int error) {
  if (EarlyHandshakeHandler* const handler = std::exchange(early_handler_, nullptr)) handler->OnHandshakeEnd(error);
}

void Socket::TellEarlyData() {
  buffer::SharedBlock& received = loop_.received();
  std::string& bytes = early_->bytes;
  while (receiving_ && !bytes.empty()) {
    const size_t size = std::min(bytes.size(), buffer::BlockPool::kBlockSize);
    std::memcpy(received.Room(size), bytes.data(), size);
    bytes.erase(0, size);
    handler_->OnReceived(received.Cut(size));
    if (closed_) return;
  }
  if (bytes.empty() && phase_ != Phase::kEarly) early_.reset();
}

void Socket::TellReceived() {
  if (early_ != nullptr) {
    TellEarlyData();
    if (closed_) return;
  }
  buffer::SharedBlock& received = loop_.received();
  while (receiving_ && phase_ == Phase::kOpen && end_ != End::kTold && HasInput()) {
    const auto decrypted = static_cast<size_t>(SSL_pending(tls_));
    const size_t wanted = std::max({kMinimumRoom, input_.size(), decrypted});
    char* room = received.Room(std::min(wanted, buffer::BlockPool::kBlockSize));
    size_t size = 0;
    const int result = SSL_read_ex(tls_, room, received.room(), &size);
    if (result == 1) {
      handler_->OnReceived(received.Cut(size));
      if (closed_) return;
      continue;
    }
    const int error = SSL_get_error(tls_, result);
    if (error == SSL_ERROR_WANT_READ) continue;  // the input is empty now
    if (error == SSL_ERROR_ZERO_RETURN) {
      EndReceiving(0);
    } else {
      Fail(EPROTO);
    }
  }
  // Answers of the protocol's own, such as to KeyUpdate. Who asks for more and more of them without reading any is up
  // to no good.
  if (output_.size() > kOutputAtMost && phase_ == Phase::kOpen) {
    failure_ = std::make_unique<Failure>(Failure{FailureCause::kMalformed, "the peer asks much and reads nothing"});
    phase_ = Phase::kFailed;
    send_failed_ = true;
    EndReceiving(EPROTO);
  }
  if (!output_.empty()) Flush();
  if (receiving_ && end_ == End::kReached) {
    end_ = End::kTold;
    handler_->OnReceiveEnd(end_error_);
  }
}

size_t Socket::Encrypt(const iovec* iovecs, int count) {
  size_t encrypted = 0;
  const iovec* const end = iovecs + count;
  size_t offset = 0;  // within the first
  while (iovecs != end && encrypted < kSendAtMost) {
    const char* bytes = static_cast<const char*>(iovecs->iov_base) + offset;
    size_t size = std::min(iovecs->iov_len - offset, kRecordAtMost);
    const bool whole = size == iovecs->iov_len - offset;
    if (!whole || iovecs + 1 == end || size >= kGatherBelow || iovecs[1].iov_len >= kGatherBelow) {
      offset = whole ? 0 : offset + size;
      if (whole) ++iovecs;
    } else {
      // Free until something else is received.
      char* gathered = loop_.received().Room(kRecordAtMost);
      size = 0;
      while (iovecs != end && iovecs->iov_len - offset < kGatherBelow &&
             size + iovecs->iov_len - offset <= kRecordAtMost) {
        const size_t piece = iovecs->iov_len - offset;
        std::memcpy(gathered + size, static_cast<const char*>(iovecs->iov_base) + offset, piece);
        size += piece;
        offset = 0;
        ++iovecs;
      }
      bytes = gathered;
    }
    if (!EncryptRecord(bytes, size)) return 0;
    encrypted += size;
  }
  return encrypted;
}

bool Socket::EncryptRecord(const char* bytes, size_t size) {
  size_t written = 0;
  // While the client's early data comes, it reads already (RFC 8446 §2.3).
  const int result = phase_ == Phase::kEarly ? SSL_write_early_data(tls_, bytes, size, &written)
                                             : SSL_write_ex(tls_, bytes, size, &written);
  if (result == 1) return true;
  failure_ = std::make_unique<Failure>(TakeFailure(X509_V_OK));
  send_failed_ = true;
  return false;
}

void Socket::Flush() {
  if (transport_sending_) return;
  if (output_.empty()) {
    if (phase_ != Phase::kEarly && std::exchange(shutdown_due_, false)) transport_->ShutdownSend();
    return;
  }
  iovec iovecs[kMaxIovecs];
  const int count = output_.FillIovecs(iovecs, kMaxIovecs);
  transport_sending_ = true;
  transport_->StartSend(iovecs, count);
}

void Socket::EndReceiving(int error) {
  input_.Clear();
  transport_->PauseReceive();
  end_ = End::kReached;
  end_error_ = error;
}

void Socket::Fail(int error) {
  if (failure_ == nullptr) {
    failure_ = std::make_unique<Failure>(tls_ != nullptr ? TakeFailure(SSL_get_verify_result(tls_))
                                                         : Failure{FailureCause::kInternal, "no memory"});
  }
  phase_ = Phase::kFailed;
  send_failed_ = true;
  EndReceiving(error);
  Flush();  // an alert
}

}  // namespace fairlead::tls
