#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "controlplane-mock/control_plane_server.h"
#include "controlplane-mock/controller.h"
#include "controlplane-mock/data_plane_dialer.h"
#include "controlplane-mock/fake_proxy.h"
#include "controlplane-mock/inbox.h"
#include "controlplane-mock/proxy_client.h"
#include "controlplane-mock/test_snapshots.h"
#include "fairlead/v1/control.grpc.pb.h"

namespace fairlead::controlplane_mock {
namespace {

using testing::HasSubstr;
using testing::Not;

// A directory whose name is short enough for sockets in it.
class ShortDirectory {
 public:
  ShortDirectory() { EXPECT_NE(mkdtemp(path_), nullptr); }
  ~ShortDirectory() { std::filesystem::remove_all(path_); }

  std::string Socket() const { return std::string("unix:") + path_ + "/socket"; }

 private:
  char path_[32] = "/tmp/controlplane-mock.XXXXXX";
};

// A controller whose thread is the test's: it turns while the test waits for something.
class TransportTest : public testing::Test {
 protected:
  TransportTest() { controller_.SetDesired(SnapshotOfWeight(1), Clock::now()); }
  ~TransportTest() override {
    controller_.EndAll(absl::UnavailableError("the test is over"));
    if (server_ != nullptr) server_->Shutdown();
    if (dialer_ != nullptr) {
      dialer_->Shutdown();
      RunUntil([&] { return dialer_->done(); });
    }
    inbox_->RunAll();
  }

  void Listen(const std::string& address = "127.0.0.1:0") {
    auto server = ControlPlaneServer::Create(address, inbox_.get(), &controller_);
    ASSERT_TRUE(server.ok()) << std::string(server.status().message());
    server_ = *std::move(server);
  }
  // False after 20 s.
  bool RunUntil(const std::function<bool()>& condition) {
    const TimePoint deadline = Clock::now() + std::chrono::seconds(20);
    for (;;) {
      inbox_->RunAll();
      const TimePoint now = Clock::now();
      controller_.OnTime(now);
      if (dialer_ != nullptr) dialer_->OnTime(now);
      if (condition()) return true;
      if (now > deadline) return false;
      TimePoint next = std::min(controller_.NextDeadline(), deadline);
      if (dialer_ != nullptr) next = std::min(next, dialer_->NextDeadline());
      pollfd fd{.fd = inbox_->fd(), .events = POLLIN, .revents = 0};
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - now).count();
      poll(&fd, 1, static_cast<int>(std::max<long long>(left, 0)));
    }
  }
  bool RunUntilServing(const std::string& node_id, uint64_t revision) {
    return RunUntil([&] {
      const auto proxy = controller_.proxies().find(node_id);
      return proxy != controller_.proxies().end() && proxy->second.revision == revision &&
             controller_.up_to_date(proxy->second);
    });
  }
  bool RunUntilEvent(ProxyEvent::Kind kind) {
    return RunUntil([&] {
      return std::any_of(events_.begin(), events_.end(), [&](const ProxyEvent& event) { return event.kind == kind; });
    });
  }

  std::vector<ProxyEvent> events_;
  std::unique_ptr<Inbox> inbox_ = *Inbox::Create();
  Controller controller_{{}, TransactionIds("test"), [this](const ProxyEvent& event) { events_.push_back(event); }};
  std::unique_ptr<ControlPlaneServer> server_;
  std::unique_ptr<DataPlaneDialer> dialer_;
  FakeProxy one_{"edge-1"};
  FakeProxy two_{"edge-2"};
};

TEST_F(TransportTest, BringsProxiesThatDialToEachNewState) {
  Listen();
  ProxyClient first(&one_, server_->address());
  ProxyClient second(&two_, server_->address());
  ASSERT_TRUE(RunUntilServing("edge-1", 1));
  ASSERT_TRUE(RunUntilServing("edge-2", 1));

  controller_.SetDesired(SnapshotOfWeight(2), Clock::now());

  EXPECT_TRUE(RunUntilServing("edge-1", 2));
  EXPECT_TRUE(RunUntilServing("edge-2", 2));
}

TEST_F(TransportTest, SendsNothingToAProxyThatComesBackWithTheSameState) {
  Listen();
  {
    ProxyClient client(&one_, server_->address());
    ASSERT_TRUE(RunUntilServing("edge-1", 1));
  }
  ASSERT_TRUE(RunUntilEvent(ProxyEvent::Kind::kLost));
  events_.clear();

  ProxyClient client(&one_, server_->address());

  ASSERT_TRUE(RunUntilEvent(ProxyEvent::Kind::kConnected));
  EXPECT_THAT(events_.back().text, HasSubstr("nothing to send"));
}

TEST_F(TransportTest, CarriesAStateOfManyMegabytes) {
  Listen();
  v1::Snapshot big = SnapshotOfWeight(1);
  for (int i = 0; i < 20'000; ++i) {
    v1::Server& server = *big.mutable_backends(0)->add_servers();
    server.set_id("server-" + std::to_string(i));
    server.set_address(std::string(50, 'x'));
  }
  controller_.SetDesired(big, Clock::now());

  ProxyClient client(&one_, server_->address());

  EXPECT_TRUE(RunUntilServing("edge-1", 1));
}

TEST_F(TransportTest, TellsTheProxyWhyItEndsTheStream) {
  Listen();
  ProxyClient client(&one_, server_->address());
  ASSERT_TRUE(RunUntilServing("edge-1", 1));

  controller_.EndAll(absl::UnavailableError("the controller is ending"));

  ASSERT_TRUE(RunUntilEvent(ProxyEvent::Kind::kLost));
  const grpc::Status status = client.Join();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "the controller is ending");
}

TEST_F(TransportTest, AStreamThatIsCutEndsWithoutAWord) {
  Listen();
  ProxyClient client(&one_, server_->address());
  ASSERT_TRUE(RunUntilServing("edge-1", 1));

  controller_.connected().at("edge-1")->CutStream();

  ASSERT_TRUE(RunUntilEvent(ProxyEvent::Kind::kLost));
  const grpc::Status status = client.Join();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_THAT(status.error_message(), Not(HasSubstr("cut here"))) << "the controller's own reason";
}

TEST_F(TransportTest, CarriesBytesThatAreNoMessage) {
  Listen();
  ProxyClient client(&one_, server_->address());
  ASSERT_TRUE(RunUntilServing("edge-1", 1));

  controller_.connected().at("edge-1")->SendBytes("\x0a\x7f", Clock::now());

  EXPECT_TRUE(RunUntilEvent(ProxyEvent::Kind::kLost)) << "gRPC's client takes no message that it cannot parse";
}

TEST_F(TransportTest, NoticesThatAProxyIsGone) {
  Listen();
  ProxyClient client(&one_, server_->address());
  ASSERT_TRUE(RunUntilServing("edge-1", 1));

  client.Disconnect();

  EXPECT_TRUE(RunUntilEvent(ProxyEvent::Kind::kLost));
  EXPECT_EQ(controller_.proxies().at("edge-1").streams, 0);
}

TEST_F(TransportTest, ReadsNothingWhileItIsSilentAndAllOfItAfterwards) {
  Listen();
  ProxyClient client(&one_, server_->address());
  ASSERT_TRUE(RunUntilServing("edge-1", 1));

  controller_.connected().at("edge-1")->FallSilent(std::chrono::milliseconds(50), Clock::now());
  controller_.SetDesired(SnapshotOfWeight(2), Clock::now());

  EXPECT_TRUE(RunUntilServing("edge-1", 2));
}

TEST_F(TransportTest, ShutsDownWithStreamsOpen) {
  Listen();
  ProxyClient client(&one_, server_->address());
  ASSERT_TRUE(RunUntilServing("edge-1", 1));

  server_->Shutdown();
  inbox_->RunAll();

  EXPECT_EQ(events_.back().kind, ProxyEvent::Kind::kLost);
  EXPECT_FALSE(client.Join().ok());
}

TEST_F(TransportTest, RefusesAnAddressThatIsTaken) {
  Listen();

  const auto second = ControlPlaneServer::Create(server_->address(), inbox_.get(), &controller_);

  ASSERT_FALSE(second.ok());
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(server_->address()));
}

TEST_F(TransportTest, AUnixSocketIsForItsOwnerAlone) {
  const ShortDirectory directory;

  Listen(directory.Socket());

  EXPECT_EQ(server_->address(), directory.Socket());
  EXPECT_EQ(std::filesystem::status(directory.Socket().substr(5)).permissions(), std::filesystem::perms(0600));
  ProxyClient client(&one_, server_->address());
  EXPECT_TRUE(RunUntilServing("edge-1", 1));
}

// A proxy that listens. Each stream is served on a thread of gRPC's.
class ListeningProxy final : public v1::DataPlane::Service {
 public:
  ListeningProxy(FakeProxy* proxy, const std::string& address) : proxy_(proxy) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address, grpc::InsecureServerCredentials());
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~ListeningProxy() override { server_->Shutdown(std::chrono::system_clock::now()); }

  // Ends the stream that is there.
  void EndStream() {
    const std::lock_guard lock(mutex_);
    if (context_ != nullptr) context_->TryCancel();
  }

 private:
  grpc::Status Connect(grpc::ServerContext* context,
                       grpc::ServerReaderWriter<v1::FromProxy, v1::ToProxy>* stream) override {
    {
      const std::lock_guard lock(mutex_);
      context_ = context;
    }
    stream->Write(proxy_->Hello());
    v1::ToProxy message;
    while (stream->Read(&message)) {
      for (const v1::FromProxy& answer : proxy_->Answer(message)) stream->Write(answer);
    }
    const std::lock_guard lock(mutex_);
    context_ = nullptr;
    return grpc::Status::OK;
  }

  FakeProxy* const proxy_;
  std::mutex mutex_;
  grpc::ServerContext* context_ = nullptr;
  std::unique_ptr<grpc::Server> server_;
};

class DialTest : public TransportTest {
 protected:
  void Dial() {
    dialer_ = std::make_unique<DataPlaneDialer>(std::vector<std::string>{address_}, inbox_.get(), &controller_);
  }

  const ShortDirectory directory_;
  const std::string address_ = directory_.Socket();
};

TEST_F(DialTest, BringsAProxyThatListensToEachNewState) {
  ListeningProxy proxy(&one_, address_);
  Dial();
  ASSERT_TRUE(RunUntilServing("edge-1", 1));

  controller_.SetDesired(SnapshotOfWeight(2), Clock::now());

  EXPECT_TRUE(RunUntilServing("edge-1", 2));
}

TEST_F(DialTest, DialsAgainWhenTheStreamHasEnded) {
  ListeningProxy proxy(&one_, address_);
  Dial();
  ASSERT_TRUE(RunUntilServing("edge-1", 1));

  proxy.EndStream();

  ASSERT_TRUE(RunUntilEvent(ProxyEvent::Kind::kLost));
  events_.clear();
  EXPECT_TRUE(RunUntilEvent(ProxyEvent::Kind::kConnected));
}

TEST_F(DialTest, WaitsForAProxyThatDoesNotListenYet) {
  Dial();
  dialer_->OnTime(Clock::now());

  ListeningProxy proxy(&one_, address_);

  EXPECT_TRUE(RunUntilServing("edge-1", 1));
}

TEST_F(DialTest, EndsWithoutEverHavingReachedAProxy) {
  Dial();
  dialer_->OnTime(Clock::now());

  dialer_->Shutdown();

  EXPECT_TRUE(RunUntil([&] { return dialer_->done(); }));
  EXPECT_TRUE(events_.empty());
}

TEST_F(DialTest, DropsAStreamThatItCuts) {
  ListeningProxy proxy(&one_, address_);
  Dial();
  ASSERT_TRUE(RunUntilServing("edge-1", 1));

  controller_.connected().at("edge-1")->CutStream();

  EXPECT_TRUE(RunUntilEvent(ProxyEvent::Kind::kLost));
}

}  // namespace
}  // namespace fairlead::controlplane_mock
