#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <utility>

#include "dataplane/event/loop_test_support.h"

namespace fairlead::event::testing {
namespace {

class ConnectTest : public LoopTest {
 protected:
  ~ConnectTest() override {
    if (socket_ != nullptr) socket_->Close();
    close(listener_.fd);
  }

  void Connect(const sockaddr* address, socklen_t length) {
    handler_.inside_a_call = true;
    socket_ = loop_->Connect(socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), address, length,
                             &handler_);
    handler_.inside_a_call = false;
  }
  Peer AcceptPeer() {
    int fd = -1;
    RunUntil([&] { return (fd = accept4(listener_.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0; });
    return Peer(fd);
  }

  TestListener listener_;
  RecordingHandler handler_;
  Socket* socket_ = nullptr;
};
INSTANTIATE_FOR_ALL_BACKENDS(ConnectTest);

TEST_P(ConnectTest, ConnectsThenSendsAndReceives) {
  {
    sockaddr_storage address = listener_.address;
    Connect(reinterpret_cast<sockaddr*>(&address), listener_.length);
    std::memset(&address, 0xff, sizeof(address));  // It need not outlive the call.
  }
  RunUntil([&] { return handler_.connected.has_value(); });
  ASSERT_EQ(handler_.connected, 0);
  Peer peer = AcceptPeer();
  const iovec request = {const_cast<char*>("request"), 7};
  socket_->StartSend(&request, 1);
  socket_->ResumeReceive();
  RunUntil([&] { return handler_.sent.has_value(); });
  EXPECT_EQ(peer.Receive(), "request");
  peer.Send("response");
  RunUntil([&] { return handler_.received == "response"; });
}

TEST_P(ConnectTest, ReceivesOnceConnectedWhenAskedToEarlier) {
  Connect(listener_.addr(), listener_.length);
  socket_->ResumeReceive();
  Peer peer = AcceptPeer();
  peer.Send("banner");
  RunUntil([&] { return handler_.received == "banner"; });
  EXPECT_EQ(handler_.connected, 0);
}

TEST_P(ConnectTest, TellsARefusal) {
  close(listener_.fd);
  Connect(listener_.addr(), listener_.length);
  RunUntil([&] { return handler_.connected.has_value(); });
  EXPECT_EQ(handler_.connected, ECONNREFUSED);
  listener_.fd = -1;
}

TEST_P(ConnectTest, TellsThatThereIsNoRoute) {
  sockaddr_in broadcast = {};
  broadcast.sin_family = AF_INET;
  broadcast.sin_addr.s_addr = 0xffffffff;
  broadcast.sin_port = htons(80);
  Connect(reinterpret_cast<sockaddr*>(&broadcast), sizeof(broadcast));
  RunUntil([&] { return handler_.connected.has_value(); });
  EXPECT_NE(handler_.connected, 0);
}

TEST_P(ConnectTest, ConnectsToAUnixSocket) {
  sockaddr_un address = {AF_UNIX, "\0"};
  const std::string name = "fairlead-connect-test-" + std::to_string(getpid());
  std::memcpy(address.sun_path + 1, name.data(), name.size());  // in the abstract namespace
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  const int server = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  ASSERT_EQ(bind(server, reinterpret_cast<sockaddr*>(&address), length), 0);

  Connect(reinterpret_cast<sockaddr*>(&address), length);
  RunUntil([&] { return handler_.connected.has_value(); });
  EXPECT_EQ(handler_.connected, ECONNREFUSED);  // bound, but not listening
  std::exchange(socket_, nullptr)->Close();

  ASSERT_EQ(listen(server, 10), 0);
  handler_.connected.reset();
  Connect(reinterpret_cast<sockaddr*>(&address), length);
  RunUntil([&] { return handler_.connected.has_value(); });
  EXPECT_EQ(handler_.connected, 0);
  const int accepted = accept4(server, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  ASSERT_GE(accepted, 0);
  Peer(accepted).Send("hello");
  socket_->ResumeReceive();
  RunUntil([&] { return handler_.receive_end.has_value(); });
  EXPECT_EQ(handler_.received, "hello");
  close(server);
}

TEST_P(ConnectTest, AFullUnixBacklogIsAnErrorNotAWait) {
  sockaddr_un address = {AF_UNIX, "\0"};
  const std::string name = "fairlead-backlog-test-" + std::to_string(getpid());
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  const int server = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  ASSERT_EQ(bind(server, reinterpret_cast<sockaddr*>(&address), length), 0);
  ASSERT_EQ(listen(server, 0), 0);
  for (int i = 0; i < 2; ++i) {
    if (socket_ != nullptr) socket_->Close();
    handler_.connected.reset();
    Connect(reinterpret_cast<sockaddr*>(&address), length);
    RunUntil([&] { return handler_.connected.has_value(); });
  }
  EXPECT_EQ(handler_.connected, EAGAIN);
  close(server);
}

TEST_P(ConnectTest, CloseGivesUp) {
  for (int turns = 0; turns < 3; ++turns) {
    Connect(listener_.addr(), listener_.length);
    for (int i = 0; i < turns; ++i) loop_->RunOnce(/*wait=*/false);
    handler_ = RecordingHandler();
    std::exchange(socket_, nullptr)->Close();
    RunWhatIsDue();
    EXPECT_FALSE(handler_.connected.has_value());
  }
}

TEST_P(ConnectTest, ClosesFromOnConnected) {
  handler_.on_connected = [&] { std::exchange(socket_, nullptr)->Close(); };
  Connect(listener_.addr(), listener_.length);
  socket_->ResumeReceive();
  RunUntil([&] { return socket_ == nullptr; });
  Peer peer = AcceptPeer();
  RunUntil([&] { return peer.AtEnd(); });
}

}  // namespace
}  // namespace fairlead::event::testing
