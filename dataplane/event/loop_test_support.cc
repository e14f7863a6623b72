#include "dataplane/event/loop_test_support.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

namespace fairlead::event::testing {

void LoopTest::RunUntil(const std::function<bool()>& condition) {
  // Wakes the loop now and then, for conditions that it does not notice itself.
  struct Tick {
    explicit Tick(Loop& loop) : loop(loop) { loop.timers().Schedule(&timer, 5); }
    Loop& loop;
    Timer timer{[](void* self) {
                  auto* tick = static_cast<Tick*>(self);
                  tick->loop.timers().Schedule(&tick->timer, 5);
                },
                this};
  } tick(*loop_);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "the condition did not come to hold";
    loop_->RunOnce(/*wait=*/true);
  }
}

void LoopTest::RunWhatIsDue() {
  for (int i = 0; i < 20; ++i) loop_->RunOnce(/*wait=*/false);
}

void RecordingHandler::OnConnected(int error) {
  EXPECT_FALSE(inside_a_call);
  EXPECT_FALSE(connected.has_value());
  connected = error;
  if (on_connected) on_connected();
}

void RecordingHandler::OnReceived(buffer::Slice bytes) {
  EXPECT_FALSE(inside_a_call);
  EXPECT_FALSE(bytes.empty());
  EXPECT_FALSE(receive_end.has_value());
  received += bytes.view();
  ++receive_count;
  if (on_received) on_received();
}

void RecordingHandler::OnReceiveEnd(int error) {
  EXPECT_FALSE(inside_a_call);
  EXPECT_FALSE(receive_end.has_value());
  receive_end = error;
  if (on_receive_end) on_receive_end();
}

void RecordingHandler::OnSent(size_t bytes, int error) {
  EXPECT_FALSE(inside_a_call);
  EXPECT_TRUE(bytes == 0 || error == 0);
  sent = {bytes, error};
  total_sent += bytes;
  if (on_sent) on_sent();
}

StringSender::StringSender(Socket* socket, RecordingHandler* handler, std::string bytes)
    : socket_(socket), bytes_(std::move(bytes)) {
  handler->on_sent = [this, handler] {
    ASSERT_EQ(handler->sent->second, 0);
    sent_ += handler->sent->first;
    SendMore();
  };
  SendMore();
}

void StringSender::SendMore() {
  if (done()) return;
  // In pieces, so that several are gathered.
  iovec iovecs[Socket::kMaxIovecs];
  int count = 0;
  for (size_t at = sent_; at < bytes_.size() && count < Socket::kMaxIovecs; ++count) {
    const size_t size = std::min<size_t>(bytes_.size() - at, 10000);
    iovecs[count] = {const_cast<char*>(bytes_.data()) + at, size};
    at += size;
  }
  socket_->StartSend(iovecs, count);
}

Peer& Peer::operator=(Peer&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

void Peer::Send(std::string_view bytes) {
  ASSERT_EQ(send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
}

size_t Peer::SendUntilFull() {
  const std::string bytes = Pattern(100000);
  size_t total = 0;
  for (ssize_t n; (n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL)) > 0;) total += static_cast<size_t>(n);
  return total;
}

std::string Peer::Receive(size_t limit) {
  std::string bytes;
  char buffer[65536];
  while (bytes.size() < limit) {
    const ssize_t n = recv(fd_, buffer, std::min(sizeof(buffer), limit - bytes.size()), 0);
    if (n <= 0) break;
    bytes.append(buffer, static_cast<size_t>(n));
  }
  return bytes;
}

bool Peer::AtEnd() {
  char byte;
  const ssize_t n = recv(fd_, &byte, 1, MSG_PEEK);
  return n == 0 || (n < 0 && errno != EAGAIN);
}

void Peer::Reset() {
  const linger abort = {1, 0};
  ASSERT_EQ(setsockopt(fd_, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort)), 0);
  Close();
}

void Peer::Close() {
  if (fd_ >= 0) close(Release());
}

TestListener::TestListener() : fd(NonBlockingTcpSocket()) {
  sockaddr_in loopback = {};
  loopback.sin_family = AF_INET;
  loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  EXPECT_EQ(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&loopback), sizeof(loopback)), 0);
  EXPECT_EQ(listen(fd, 4096), 0);
  EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length), 0);
}

Peer TestListener::Connect() const {
  const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(connect(connection, addr(), length), 0);
  EXPECT_EQ(fcntl(connection, F_SETFL, O_NONBLOCK), 0);
  return Peer(connection);
}

int NonBlockingTcpSocket() { return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

std::pair<int, Peer> TcpPair() {
  const TestListener listener;
  Peer peer = listener.Connect();
  // The client may know of the connection a moment before the listener does.
  pollfd queue = {.fd = listener.fd, .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&queue, 1, /*timeout_ms=*/10'000), 1);
  const int fd = accept4(listener.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  EXPECT_GE(fd, 0);
  close(listener.fd);
  return {fd, std::move(peer)};
}

std::string Pattern(size_t size) {
  std::string pattern(size, ' ');
  uint32_t state = 1;
  for (char& byte : pattern) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>('a' + (state >> 24) % 26);
  }
  return pattern;
}

SocketTest::SocketTest() {
  auto [fd, peer] = TcpPair();
  peer_ = std::move(peer);
  socket_ = loop_->Adopt(fd, &handler_);
}

SocketTest::~SocketTest() {
  if (socket_ != nullptr) socket_->Close();
}

void SocketTest::Send(std::string_view bytes) {
  const iovec iovec = {const_cast<char*>(bytes.data()), bytes.size()};
  handler_.inside_a_call = true;
  socket_->StartSend(&iovec, 1);
  handler_.inside_a_call = false;
}

}  // namespace fairlead::event::testing
