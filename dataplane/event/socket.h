#pragma once

#include <sys/uio.h>

#include <cstddef>

#include "dataplane/buffer/slice.h"

namespace fairlead::event {

// What a Socket tells its owner. Every call comes from the loop's turn, on the loop's thread, and never from inside a
// call to the Socket. A handler may call anything on its socket, Close included. After Close nothing comes.
class SocketHandler {
 public:
  // The end of StartConnect: 0, or the errno that it failed with.
  virtual void OnConnected(int error) = 0;
  // Bytes arrived, at least one. They are the handler's to keep; a block comes from the loop's pool.
  virtual void OnReceived(buffer::Slice bytes) = 0;
  // No more bytes will come: 0 after an orderly end by the peer (it may still read), else the errno.
  virtual void OnReceiveEnd(int error) = 0;
  // The end of StartSend: the first `sent` bytes are with the kernel (1 or more, maybe not all), or `error` is an errno.
  virtual void OnSent(size_t sent, int error) = 0;

 protected:
  ~SocketHandler() = default;
};

// A connected, or connecting, stream socket of one loop. Made by Loop::Adopt and owned by whoever asked for it until
// Close, which gives it back to the loop: the memory lives on until the kernel is done with it. For the loop's thread
// alone. Receiving is off until ResumeReceive.
class Socket {
 public:
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void set_handler(SocketHandler* handler) { handler_ = handler; }
  int fd() const { return fd_; }

  // Lets bytes come, as they arrive, until PauseReceive. Costs nothing when receiving already.
  virtual void ResumeReceive() = 0;
  // No OnReceived after this, until ResumeReceive: bytes stay with the kernel, and those that had already been taken from
  // it (io_uring may have) are kept for later. OnReceiveEnd waits too.
  virtual void PauseReceive() = 0;
  // Sends what `iovecs[0, count)` name, count between 1 and kMaxIovecs, in order. One send at a time: the next after OnSent. The bytes must stay
  // in place until OnSent; the array itself need not. After Close the kernel may read the bytes no more: Close with a
  // send under way keeps `keep_alive` slices for it (see Close).
  virtual void StartSend(const iovec* iovecs, int count) = 0;
  // No more bytes will be sent: the peer reads the end of the stream after what was sent before. No send under way.
  virtual void ShutdownSend() = 0;
  // Ends it all: nothing is called back any more, the descriptor is closed, the object is gone for the caller. Where a
  // send is under way, it is cancelled and the descriptor shut down first; the loop takes `pending` (the slices that the
  // send reads from) and lets go of them when the kernel has.
  virtual void Close(std::vector<buffer::Slice> pending = {}) = 0;

  static constexpr int kMaxIovecs = 16;

 protected:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() = default;

  int fd_;
  SocketHandler* handler_ = nullptr;
};

}  // namespace fairlead::event
