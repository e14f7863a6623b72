#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "dataplane/buffer/queue.h"
#include "dataplane/buffer/slice.h"
#include "dataplane/event/socket.h"
#include "dataplane/net/address.h"
#include "dataplane/tls/client_context.h"
#include "dataplane/tls/socket.h"
#include "prober/attempt.h"

namespace fairlead::prober {

// Why a connection failed, in a word or two: "refused", "no route to host".
std::string DescribeErrno(int error);

// A check over a connection of its own, which may speak TLS. Ends the connection with itself.
class ConnectionAttempt : public Attempt, private event::SocketHandler {
 public:
  ~ConnectionAttempt() override;

  std::string_view stage() const override;

 protected:
  // `tls` may be null.
  ConnectionAttempt(event::Loop* loop, std::shared_ptr<const tls::ClientContext> tls, OnOutcome on_outcome)
      : Attempt(loop, std::move(on_outcome)), tls_(std::move(tls)) {}

  // Begins to connect; the subclass is made by then.
  void Connect(const net::Address& address);

  // The connection stands, with its TLS. Not called once the attempt has finished, as none of these.
  virtual void OnOpen() = 0;
  virtual void OnBytes(buffer::Slice bytes) = 0;
  // No more will come: 0, or an errno.
  virtual void OnEnd(int error) = 0;
  // Some of output() was sent.
  virtual void OnOutputSent() {}
  // Behind each of the calls above.
  virtual void OnCallbackEnd() {}

  // What is sent, at the end of each of these calls.
  buffer::Queue& output() { return output_; }
  // The protocol that ALPN has agreed upon; empty: none.
  std::string_view protocol() const;
  void PauseReceive();
  void ResumeReceive();

 private:
  void OnConnected(int error) final;
  void OnReceived(buffer::Slice bytes) final;
  void OnReceiveEnd(int error) final;
  void OnSent(size_t sent, int error) final;

  void EndCallback();
  void Close();

  const std::shared_ptr<const tls::ClientContext> tls_;
  event::Socket* transport_ = nullptr;  // the connection itself
  tls::Socket* tls_socket_ = nullptr;   // over it
  event::Socket* socket_ = nullptr;     // one of these; null: closed
  buffer::Queue output_;
  bool open_ = false;
  bool sending_ = false;
  bool send_failed_ = false;
};

}  // namespace fairlead::prober
