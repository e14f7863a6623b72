// What a message costs on each backend, the kernel's part included: both ends of each connection are in the same loop.

#include <benchmark/benchmark.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/event/loop.h"

namespace fairlead::event {
namespace {

std::pair<int, int> ConnectedTcp() {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* any = reinterpret_cast<sockaddr*>(&address);
  const int client = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(listener, any, length) != 0 || listen(listener, 1) != 0 || getsockname(listener, any, &length) != 0 ||
      connect(client, any, length) != 0) {
    std::abort();
  }
  const int server = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
  close(listener);
  return {client, server};
}

std::pair<int, int> ConnectedUnix() {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) != 0) std::abort();
  return {fds[0], fds[1]};
}

// Answers each message with one of the same size.
class Ponger final : public SocketHandler {
 public:
  Ponger(Loop& loop, int fd, size_t size, size_t* received)
      : message_(size, 'x'), received_(received), socket_(loop.Adopt(fd, this)) {
    socket_->ResumeReceive();
  }
  ~Ponger() { socket_->Close(); }

  void Send() {
    const iovec iovec = {message_.data() + sent_, message_.size() - sent_};
    socket_->StartSend(&iovec, 1);
  }
  void OnConnected(int) override {}
  void OnReceived(buffer::Slice bytes) override {
    arrived_ += bytes.size();
    if (arrived_ < message_.size()) return;
    arrived_ = 0;
    ++*received_;
    Send();
  }
  void OnReceiveEnd(int) override {}
  void OnSent(size_t sent, int) override {
    sent_ += sent;
    if (sent_ < message_.size()) {
      Send();
    } else {
      sent_ = 0;
    }
  }

 private:
  std::string message_;
  size_t* const received_;
  Socket* const socket_;
  size_t sent_ = 0;
  size_t arrived_ = 0;
};

// Arguments: 0 for epoll or 1 for io_uring, connections, bytes in a message.
void PingPong(benchmark::State& state, std::pair<int, int> (*connected)()) {
  const std::unique_ptr<Loop> loop = *Loop::Create(state.range(0) == 0 ? IoBackend::kEpoll : IoBackend::kIoUring);
  const auto size = static_cast<size_t>(state.range(2));
  size_t received = 0;
  std::vector<std::unique_ptr<Ponger>> pongers;
  for (int64_t i = 0; i < state.range(1); ++i) {
    const auto [near, far] = connected();
    pongers.push_back(std::make_unique<Ponger>(*loop, near, size, &received));
    pongers.push_back(std::make_unique<Ponger>(*loop, far, size, &received));
    pongers.back()->Send();
  }
  for (auto _ : state) {
    // Time is that of a message, however many of them one turn has.
    const size_t until = received + 1000;
    while (received < until) loop->RunOnce(/*wait=*/true);
  }
  state.SetItemsProcessed(static_cast<int64_t>(received));
  state.SetBytesProcessed(static_cast<int64_t>(received * size));
  state.SetLabel(loop->name());
}

void Arguments(benchmark::internal::Benchmark* benchmark) {
  for (const int64_t size : {200, 64 * 1024}) {
    for (const int64_t connections : {1, 16, 128, 1024}) {
      for (const int64_t backend : {0, 1}) benchmark->Args({backend, connections, size});
    }
  }
}
BENCHMARK_CAPTURE(PingPong, tcp, &ConnectedTcp)->Apply(Arguments);
BENCHMARK_CAPTURE(PingPong, unix_socket, &ConnectedUnix)->Args({0, 128, 200})->Args({1, 128, 200});

}  // namespace
}  // namespace fairlead::event
