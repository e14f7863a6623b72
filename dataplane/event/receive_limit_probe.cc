#include "dataplane/event/receive_limit_probe.h"

#include <sys/socket.h>

#include "dataplane/base/unique_fd.h"

namespace fairlead::event {
namespace {

class FirstWord final : public SocketHandler {
 public:
  void OnConnected(int) override {}
  void OnReceived(buffer::Slice) override { received = true; }
  void OnReceiveEnd(int) override { ended = true; }
  void OnSent(size_t, int) override {}

  bool received = false;
  bool ended = false;
};

}  // namespace

bool ReceivesWithLimit(Loop& loop) {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0) return false;
  const base::UniqueFd far(fds[1]);
  FirstWord handler;
  Socket* socket = loop.Adopt(fds[0], &handler);
  socket->ResumeReceive();
  send(far.get(), "x", 1, MSG_NOSIGNAL);
  for (int turn = 0; turn < 10 && !handler.received && !handler.ended; ++turn) loop.RunOnce(/*wait=*/false);
  socket->Close();
  return handler.received;
}

}  // namespace fairlead::event
