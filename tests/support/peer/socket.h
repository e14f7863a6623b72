#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fairlead::peer {

// A TCP socket that belongs to one thread at a time and blocks, with a time limit. The peers of the proxy use it in
// place of fairlead's own sockets, so that a mistake there can't hide itself here.
//
// Errors: DEADLINE_EXCEEDED after the time limit, DATA_LOSS when the other side reset the connection, UNAVAILABLE when
// nothing could be connected or bound, INVALID_ARGUMENT for an address that is none.
class Socket {
 public:
  // `address` is "IP:port" or "[IPv6]:port"; port 0 lets the system choose (see LocalAddress).
  static absl::StatusOr<Socket> Listen(std::string_view address);
  static absl::StatusOr<Socket> Connect(std::string_view address, std::chrono::milliseconds time_limit);

  Socket() = default;
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)), time_limit_(other.time_limit_) {}
  Socket& operator=(Socket&& other) noexcept;
  ~Socket() { Close(); }

  absl::StatusOr<Socket> Accept() const;

  bool IsOpen() const { return descriptor_ >= 0; }
  std::string LocalAddress() const;

  // For each single read or write from now on. Default 60 s.
  void SetTimeLimit(std::chrono::milliseconds time_limit) { time_limit_ = time_limit; }

  // Waits for at least one byte and returns how many were read; 0: the other side has closed.
  absl::StatusOr<size_t> Read(std::span<char> into) const;
  // Returns when all of it has been taken by the system.
  absl::Status Write(std::string_view bytes) const;
  // Waits so long, or until the other side has closed its direction; whether it has.
  bool WaitForClose(std::chrono::milliseconds duration) const;
  // Whether Read would return something at once: bytes, the end or an error.
  bool IsReadable() const;

  void Close();
  // Closes with a reset in place of an orderly end.
  void Reset();
  // Ends our direction; what the other side still sends can be read.
  void FinishWriting() const;

 private:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  absl::Status Wait(short events) const;

  int descriptor_ = -1;
  std::chrono::milliseconds time_limit_{60'000};
};

}  // namespace fairlead::peer
