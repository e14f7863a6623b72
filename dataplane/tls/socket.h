#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/buffer/queue.h"
#include "dataplane/buffer/slice.h"
#include "dataplane/event/loop.h"
#include "dataplane/event/loop_object.h"
#include "dataplane/event/socket.h"
#include "dataplane/tls/client_context.h"
#include "dataplane/tls/client_sessions.h"
#include "dataplane/tls/failure.h"
#include "dataplane/tls/peer_certificate.h"
#include "dataplane/tls/resumption.h"
#include "dataplane/tls/server_context.h"

struct ssl_st;

namespace fairlead::tls {

class HandshakePool;
struct EarlyReading;
struct HandshakeStep;
enum class HandshakeProgress : uint8_t;

// Hears of the end of a handshake whose socket its owner was given while early data came.
class EarlyHandshakeHandler {
 public:
  // 0: it is done. ECANCELED: the owner has closed the socket. Else it has failed, as failure() says; the owner hears
  // of that next, by OnReceiveEnd. Called once.
  virtual void OnHandshakeEnd(int error) = 0;

 protected:
  ~EarlyHandshakeHandler() = default;
};

// A socket that speaks TLS over another one, its transport. To its owner it is an event::Socket like any other:
//
//  - OnConnected tells the end of the handshake, also to a server's side: 0, or an errno, of which failure() tells
//  more.
//    What the accessors below say holds from then on. After an error ShutdownSend makes sense besides Close: the peer
//    hears why, what it still sends is dropped, and OnReceiveEnd tells when it has left.
//    On a server's side that takes early data (ServerSettings::early_data), it may come before that end: then early()
//    is true until the handshake is over, and what is received meanwhile, and who from, may be a recording that is
//    played again.
//  - OnReceiveEnd: 0 when the peer has said that it has ended (close_notify, RFC 8446 §6.1); ECONNRESET when its
//    connection ended without that, so that what came may have been cut; EPROTO when what came is no TLS.
//  - ShutdownSend says close_notify, and ends the transport's stream with it. Close says it too where it can at once,
//    unless the descriptor is to be reset (net::ResetOnClose): what was sent is cut then, and must look it.
//
// Idle, it holds no buffer, and neither does OpenSSL; what is left is about 12 KiB of OpenSSL's state. Received bytes
// are decrypted into blocks of the loop, sent ones encrypted into its pool's.
class Socket final : public event::Socket, public event::LoopObject, private event::SocketHandler {
 public:
  // Takes over a client's connection, from which `begin` was received already. The handshake begins at once; `helpers`
  // do its steps, and outlive the loop's use of them (HandshakePool::Stop); null: the loop's thread does.
  static Socket* Accept(event::Loop& loop, event::Socket* transport, std::shared_ptr<const ServerContext> context,
                        event::SocketHandler* handler, buffer::Slice begin = {}, HandshakePool* helpers = nullptr);
  // Takes over a connection to a server that is being made (Loop::Connect, with any handler): an error of that is told
  // by OnConnected.
  // `sessions`: where to find one to resume, and to leave new ones. Null: none. `first`: what is sent in the clear, in
  // front of the handshake.
  static Socket* Connect(event::Loop& loop, event::Socket* transport, std::shared_ptr<const ClientContext> context,
                         std::shared_ptr<ClientSessions> sessions, event::SocketHandler* handler,
                         std::string_view first = {});
  // The same for one that stands.
  static Socket* ConnectOver(event::Loop& loop, event::Socket* transport, std::shared_ptr<const ClientContext> context,
                             std::shared_ptr<ClientSessions> sessions, event::SocketHandler* handler);

  bool HasNews() const override;
  void ResumeReceive() override;
  void PauseReceive() override;
  void StartSend(const iovec* iovecs, int count) override;
  void ShutdownSend() override;
  void Close(std::vector<buffer::Slice> pending = {}) override;

  // Why TLS failed; null: it has not, or there was no connection for it.
  const Failure* failure() const { return failure_.get(); }
  // The handshake is not over: what comes is early data. Set the handler within OnConnected.
  bool early() const { return phase_ == Phase::kEarly; }
  void set_early_handler(EarlyHandshakeHandler* handler) { early_handler_ = handler; }
  // The handshake took too long while early() is true: fails it.
  void GiveUpHandshake();
  // Of a server's side: whether the client sent early data, and what became of that.
  EarlyDataOutcome early_data() const;
  // The application's protocol that was agreed upon (ALPN); empty: none.
  std::string_view protocol() const;
  // The name that the client asked for (SNI); empty: none.
  std::string_view server_name() const;
  // "TLSv1.2" or "TLSv1.3", and the cipher's name as OpenSSL calls it. They stay in place for ever.
  const char* version() const;
  const char* cipher() const;
  bool resumed() const;
  // Of a server's side: whether the session was found by its id, not in a ticket; and why one that the client wanted
  // was not resumed.
  bool resumed_by_id() const;
  std::optional<ResumptionRefusal> resumption_refusal() const;
  // Of a peer whose certificate was verified.
  std::optional<PeerCertificate> peer_certificate() const;

 private:
  friend class HandshakePool;
  friend struct SocketBio;

  enum class Phase : uint8_t { kConnecting, kHandshake, kEarly, kOpen, kFailed };
  enum class End : uint8_t { kNone, kReached, kTold, kAwaited };

  Socket(event::Loop& loop, event::Socket* transport, ssl_st* tls, std::shared_ptr<const void> context,
         event::SocketHandler* handler);
  ~Socket() override;

  // event::SocketHandler, the transport's:
  void OnConnected(int error) override;
  void OnReceived(buffer::Slice bytes) override;
  void OnReceiveEnd(int error) override;
  void OnSent(size_t sent, int error) override;

  // event::LoopObject:
  void OnReady() override;

  // For OpenSSL: takes from what was received, and adds to what is to be sent. Returns how much.
  size_t TakeInput(char* room, size_t size);
  void AddOutput(const char* bytes, size_t size);

  void Handshake();
  // Has a helper do the next step.
  void HandOver();
  // A step is back; on the loop's thread. Its socket may have been closed.
  static void OnStepDone(std::unique_ptr<HandshakeStep> step);
  void TakeBack(HandshakeStep& step);
  void FinishStep(HandshakeProgress progress);
  // The handshake is over, after early data or without.
  void Open();
  // It was not, when this happened.
  void FailEarly(int error);
  void TellEarlyHandler(int error);
  // Tells early data, as long as the owner wants it.
  void TellEarlyData();
  // Decrypts and tells what there is, and then the end, as long as the owner wants it.
  void TellReceived();
  // Encrypts up to kSendAtMost of it; returns how much, 0 when that failed.
  size_t Encrypt(const iovec* iovecs, int count);
  bool EncryptRecord(const char* bytes, size_t size);
  // Starts to send what was encrypted, unless that is under way.
  void Flush();
  // Nothing can be received any more.
  void EndReceiving(int error);
  // OpenSSL's step has failed.
  void Fail(int error);
  // Whether bytes are there of which the owner does not know.
  bool HasInput() const;

  static constexpr size_t kRecordAtMost = 16'320;  // encrypted, it fits in a block
  static constexpr size_t kSendAtMost = 4 * kRecordAtMost;
  static constexpr size_t kOutputAtMost = 4 * kSendAtMost;

  event::Loop& loop_;
  event::Socket* transport_;
  ssl_st* tls_;
  const std::shared_ptr<const void> context_;
  std::shared_ptr<ClientSessions> sessions_;
  HandshakePool* helpers_ = nullptr;     // for what is left of the handshake; null: it is the loop's own
  HandshakeStep* step_ = nullptr;        // that a helper does: tls_ is there meanwhile
  std::unique_ptr<EarlyReading> early_;  // null: no early data is, or was, taken
  EarlyHandshakeHandler* early_handler_ = nullptr;
  std::unique_ptr<Failure> failure_;
  buffer::Queue input_;   // received, encrypted
  buffer::Queue output_;  // encrypted
  size_t sending_ = 0;    // of the owner's bytes, all in output_: to be told when that is empty
  int end_error_ = 0;
  Phase phase_ = Phase::kHandshake;
  End end_ = End::kNone;
  bool receiving_ = false;          // as the owner wants it
  bool transport_sending_ = false;  // what output_ begins with
  bool send_failed_ = false;        // the next, or current, StartSend ends with this
  bool send_refused_ = false;       // that is to be told
  bool shutdown_due_ = false;       // of the transport, when output_ is empty
  bool said_goodbye_ = false;       // close_notify was encrypted
  bool stops_at_key_ = false;       // the handshake: helpers are only for what comes then
};

}  // namespace fairlead::tls
