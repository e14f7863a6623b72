#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/event/io_uring_loop.h"
#include "dataplane/event/socket.h"

namespace fairlead::event {

// A socket of the io_uring backend. One request receives again and again, into blocks that the kernel picks when bytes
// come; each send is a request.
class IoUringSocket final : public Socket, public IoUringObject {
 public:
  // A connected socket.
  IoUringSocket(IoUringLoop& loop, int fd, SocketHandler* handler);
  // One that connects to `address`.
  IoUringSocket(IoUringLoop& loop, int fd, SocketHandler* handler, const sockaddr* address, socklen_t length);
  ~IoUringSocket() override;

  bool HasNews() const override;
  void ResumeReceive() override;
  void PauseReceive() override;
  void StartSend(const iovec* iovecs, int count) override;
  void ShutdownSend() override { shutdown(fd_, SHUT_WR); }
  void Close(std::vector<buffer::Slice> pending) override;

  void OnCompletion(Operation operation, int result, uint32_t flags) override;
  void OnReady() override;

 private:
  enum class Connection : uint8_t { kRequested, kEnded, kTold };
  enum class End : uint8_t { kNone, kReached, kTold };

  void OnConnectCompleted(int result);
  void OnReceiveCompleted(int result, uint32_t flags);
  void OnSendCompleted(int result);
  void OnDelayCompleted();
  void OnCancelCompleted(int result);

  // Requests to receive, where that is wanted, possible, and not requested yet.
  void Receive();
  // Passes on what was kept, in order, as long as that is wanted.
  void TellKept();
  // Before a send that the kernel gave up is told as one of nothing.
  void DelaySent();
  // Ends the request to receive; what it has taken meanwhile is kept.
  void CancelReceive();
  // Has the kernel end all that is requested.
  void EndConnection();
  void RetireWhenDone();

  IoUringLoop& loop_;
  // Bytes that came while paused; after Close, what the send under way reads. Most of the time neither.
  std::unique_ptr<std::vector<buffer::Slice>> kept_;
  int error_ = 0;              // of connecting, or of the end of receiving
  uint32_t request_turn_ = 0;  // in which the last request to receive was made
  uint8_t requests_ = 0;       // whose last completion is still to come
  Connection connection_ = Connection::kTold;
  End end_ = End::kNone;
  bool receiving_ = false;  // as the owner wants it
  bool receive_requested_ = false;
  bool receive_cancelled_ = false;
  bool sending_ = false;
  bool sent_delayed_ = false;  // of sending_: the kernel is done with it
};

}  // namespace fairlead::event
