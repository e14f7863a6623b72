#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <vector>

#include "dataplane/buffer/slice.h"

namespace fairlead::event {

// What a Socket tells its owner. Every call comes from the loop's turn, on the loop's thread, and never from inside a
// call to the Socket. A handler may call anything on its socket, Close included. After Close nothing comes.
class SocketHandler {
 public:
  // The end of Loop::Connect: 0, or the errno that it failed with. Only Close makes sense after an error.
  virtual void OnConnected(int error) = 0;
  // Bytes arrived, at least one. They are the handler's to keep; their block comes from the loop's pool, and other
  // sockets' slices may lie in it, too.
  virtual void OnReceived(buffer::Slice bytes) = 0;
  // No more bytes will come: 0 after an orderly end by the peer (it may still read), else the errno.
  virtual void OnReceiveEnd(int error) = 0;
  // The end of StartSend: the first `sent` bytes are with the kernel, maybe not all, or none are and `error` is an
  // errno. Once in a long while neither: the kernel had no room, and it is to be started again.
  virtual void OnSent(size_t sent, int error) = 0;

 protected:
  ~SocketHandler() = default;
};

// A connected, or connecting, stream socket of one loop. Made by Loop::Adopt or Loop::Connect and owned by whoever
// asked for it until Close, which gives it back to the loop: the memory lives on until the kernel is done with it. For
// the loop's thread alone. Receiving is off until ResumeReceive.
class Socket {
 public:
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void set_handler(SocketHandler* handler) { handler_ = handler; }
  int fd() const { return fd_; }

  // Whether something came that was not told yet: bytes, their end, or an error. One system call, which io_uring spares
  // where the kernel has said that there is nothing.
  virtual bool HasNews() const;

  // Lets bytes come, as they arrive, until PauseReceive. Costs nothing when receiving already. While the socket still
  // connects, bytes come after OnConnected.
  virtual void ResumeReceive() = 0;
  // No OnReceived after this, until ResumeReceive: bytes stay with the kernel, and those that had already been taken
  // from it (io_uring may have) are kept for later. OnReceiveEnd waits too.
  virtual void PauseReceive() = 0;
  // Sends what `iovecs[0, count)` name, in order; count between 1 and kMaxIovecs, no entry empty. One send at a time:
  // the next after OnSent. The bytes must stay in place until OnSent, or go to Close; the array itself need not.
  virtual void StartSend(const iovec* iovecs, int count) = 0;
  // No more bytes will be sent: the peer reads the end of the stream after what was sent before. No send under way.
  virtual void ShutdownSend() = 0;
  // Ends it all: nothing is called back any more, the object is gone for the caller, and the descriptor is closed as
  // soon as the kernel has ended what is under way (at once with epoll, within the next turn with io_uring). A send
  // under way is cancelled; the loop takes `pending`, the slices that it reads from, and lets go of them when the
  // kernel has.
  virtual void Close(std::vector<buffer::Slice> pending = {}) = 0;

  static constexpr int kMaxIovecs = 16;

 protected:
  Socket(int fd, SocketHandler* handler) : fd_(fd), handler_(handler) {}
  ~Socket() = default;

  int fd_;
  SocketHandler* handler_;
};

}  // namespace fairlead::event
