#include "dataplane/event/receive_limit_probe.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <vector>

#include "dataplane/buffer/slice.h"

namespace fairlead::event {
namespace {

TEST(ReceiveLimitProbe, ALoopThatReceivesPasses) {
  const std::unique_ptr<Loop> loop = *Loop::Create(IoBackend::kEpoll);
  EXPECT_TRUE(ReceivesWithLimit(*loop));
}

// As on a kernel that refuses the request: the first thing that a socket hears is an error.
class RefusingLoop final : public Loop {
 public:
  class RefusingSocket final : public Socket {
   public:
    explicit RefusingSocket(int fd, SocketHandler* handler) : Socket(fd, handler) {}
    void ResumeReceive() override {}
    void PauseReceive() override {}
    void StartSend(const iovec*, int) override {}
    void ShutdownSend() override {}
    void Close(std::vector<buffer::Slice>) override {
      close(fd_);
      delete this;
    }
    void Refuse() { handler_->OnReceiveEnd(EINVAL); }
  };

  Socket* Adopt(int fd, SocketHandler* handler) override { return socket_ = new RefusingSocket(fd, handler); }
  Socket* Connect(int, const sockaddr*, socklen_t, SocketHandler*) override { return nullptr; }
  Acceptor* Accept(int, AcceptHandler*) override { return nullptr; }
  void AddReady(LoopObject*) override {}
  void Retire(LoopObject*) override {}
  void RunOnce(bool) override { socket_->Refuse(); }
  const char* name() const override { return "refusing"; }

 private:
  RefusingSocket* socket_ = nullptr;
};

TEST(ReceiveLimitProbe, ALoopThatRefusesDoesNotPass) {
  RefusingLoop loop;
  EXPECT_FALSE(ReceivesWithLimit(loop));
}

}  // namespace
}  // namespace fairlead::event
