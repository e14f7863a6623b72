#include "dataplane/event/end_of_stream_probe.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "dataplane/buffer/slice.h"

namespace fairlead::event {
namespace {

TEST(EndOfStreamProbe, ALoopThatTellsEndsPasses) {
  const std::unique_ptr<Loop> loop = *Loop::Create(IoBackend::kEpoll);
  EXPECT_TRUE(ProbeEndOfStream(*loop).ok());
}

// A loop as a faulty kernel makes it: the end never comes.
class DeafLoop final : public Loop {
 public:
  class DeafSocket final : public Socket {
   public:
    explicit DeafSocket(int fd, SocketHandler* handler) : Socket(fd, handler) {}
    void ResumeReceive() override {}
    void PauseReceive() override {}
    void StartSend(const iovec*, int) override {}
    void ShutdownSend() override {}
    void Close(std::vector<buffer::Slice>) override {
      close(fd_);
      delete this;
    }
  };

  Socket* Adopt(int fd, SocketHandler* handler) override { return new DeafSocket(fd, handler); }
  Socket* Connect(int, const sockaddr*, socklen_t, SocketHandler*) override { return nullptr; }
  Acceptor* Accept(int, AcceptHandler*) override { return nullptr; }
  void AddReady(LoopObject*) override {}
  void Retire(LoopObject*) override {}
  void RunOnce(bool) override {}
  const char* name() const override { return "deaf"; }
};

TEST(EndOfStreamProbe, ALoopThatMissesEndsDoesNotPass) {
  DeafLoop loop;
  EXPECT_EQ(ProbeEndOfStream(loop).code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace fairlead::event
