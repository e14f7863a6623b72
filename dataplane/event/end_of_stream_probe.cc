#include "dataplane/event/end_of_stream_probe.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <utility>

#include "dataplane/base/unique_fd.h"

namespace fairlead::event {
namespace {

using base::UniqueFd;

struct Ends {
  UniqueFd near, far;
  bool valid() const { return near.valid() && far.valid(); }
};

Ends ConnectedUnix() {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0) return {};
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

Ends ConnectedTcp() {
  const UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener.get(), any, length) != 0 || listen(listener.get(), 1) != 0 ||
      getsockname(listener.get(), any, &length) != 0) {
    return {};
  }
  UniqueFd far(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(far.get(), any, length) != 0) return {};
  return {UniqueFd(accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)), std::move(far)};
}

class EndHandler final : public SocketHandler {
 public:
  void OnConnected(int) override {}
  void OnReceived(buffer::Slice) override {}
  void OnReceiveEnd(int) override { ended = true; }
  void OnSent(size_t, int) override {}

  bool ended = false;
};

// Whether `loop` notices that the far end sends a byte and goes away.
bool NoticesTheEnd(Loop& loop, Ends ends) {
  EndHandler handler;
  Socket* socket = loop.Adopt(ends.near.Release(), &handler);
  socket->ResumeReceive();
  // The receive is waiting after this. Its wake-ups wait for the thread to enter the kernel again, both of them.
  loop.RunOnce(/*wait=*/false);
  send(ends.far.get(), "x", 1, MSG_NOSIGNAL);
  // With a reset, for TCP.
  const linger reset = {1, 0};
  setsockopt(ends.far.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  ends.far.Reset();
  for (int turn = 0; turn < 10 && !handler.ended; ++turn) loop.RunOnce(/*wait=*/false);
  socket->Close();
  return handler.ended;
}

}  // namespace

absl::Status ProbeEndOfStream(Loop& loop) {
  for (Ends (*connected)() : {&ConnectedUnix, &ConnectedTcp}) {
    Ends ends = connected();
    if (!ends.valid()) return absl::UnavailableError("no connected sockets to try io_uring with");
    if (!NoticesTheEnd(loop, std::move(ends))) {
      return absl::UnavailableError("this kernel's io_uring misses the end of streams (needs a68ed2df7213, Linux 7.0)");
    }
  }
  return absl::OkStatus();
}

}  // namespace fairlead::event
