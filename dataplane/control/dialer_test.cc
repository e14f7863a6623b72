#include "dataplane/control/dialer.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cinttypes>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/base/absl_strings.h"
#include "dataplane/base/unique_fd.h"
#include "dataplane/control/fake_workers.h"
#include "dataplane/control/loop_thread.h"
#include "dataplane/control/test_support.h"
#include "dataplane/net/address.h"
#include "fairlead/v1/control.grpc.pb.h"

namespace fairlead::control {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

// Nothing in these tests takes that long.
constexpr std::chrono::seconds kDeadline(60);

// What happened, for the test's thread to wait for.
class Events {
 public:
  void Add(std::string event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
    changed_.notify_all();
  }
  // The next; "nothing" when none comes.
  std::string Next() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kDeadline, [&] { return !events_.empty(); })) return "nothing";
    std::string event = std::move(events_.front());
    events_.pop_front();
    return event;
  }
  bool empty() {
    const std::lock_guard lock(mutex_);
    return events_.empty();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> events_;
};

// A controller that proxies dial.
class Controller : public v1::ControlPlane::Service {
 public:
  using Stream = grpc::ServerReaderWriter<v1::ToProxy, v1::FromProxy>;
  // Holds the conversation; the stream ends when it returns.
  using Converse = std::function<grpc::Status(Stream&)>;

  explicit Controller(Converse converse, std::string_view address = "127.0.0.1:0") : converse_(std::move(converse)) {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(std::string(address), grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    address_ = base::StrCat("127.0.0.1:", port);
  }
  ~Controller() override { server_->Shutdown(std::chrono::system_clock::now()); }

  const std::string& address() const { return address_; }

  static v1::ToProxy Heartbeat() {
    v1::ToProxy message;
    message.mutable_heartbeat();
    return message;
  }

 private:
  grpc::Status Connect(grpc::ServerContext*, Stream* stream) override { return converse_(*stream); }

  const Converse converse_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

// A controller that tells of each Hello, and listens until the proxy leaves.
Controller::Converse TellHello(Events& events, std::string name) {
  return [&events, name = std::move(name)](Controller::Stream& stream) {
    v1::FromProxy message;
    stream.Read(&message);
    events.Add(base::StrCat(name, ": hello from ", message.hello().node_id(), " at ", message.hello().revision()));
    stream.Write(Controller::Heartbeat());
    while (stream.Read(&message)) stream.Write(Controller::Heartbeat());
    return grpc::Status::OK;
  };
}

// A controller that tells of each proxy that dials, and ends the stream at once.
Controller::Converse Answer(Events& events, std::string name, grpc::StatusCode code) {
  return [&events, code, name = std::move(name)](Controller::Stream&) {
    events.Add(name);
    return code == grpc::StatusCode::OK ? grpc::Status::OK : grpc::Status(code, "not now");
  };
}

// A proxy without workers on a thread of its own, which dials.
class Proxy {
 public:
  explicit Proxy(milliseconds heartbeat_timeout = milliseconds(15'000)) {
    thread_.Run([&] {
      ControlCore::Options options = workers_.Options(&thread_.loop()->timers());
      options.heartbeat_interval = heartbeat_timeout / 3;
      options.heartbeat_timeout = heartbeat_timeout;
      core_ = std::make_unique<ControlCore>(std::move(options));
    });
  }
  ~Proxy() {
    Stop();
    thread_.Run([&] { core_.reset(); });
  }
  absl::Status Dial(const std::vector<std::string>& addresses) {
    return thread_.Run([&] {
      auto dialer = Dialer::Create(addresses, core_.get(), thread_.loop(),
                                   [this](std::string_view line) { log.Add(std::string(line)); });
      if (!dialer.ok()) return dialer.status();
      dialer_ = *std::move(dialer);
      return absl::OkStatus();
    });
  }
  void Stop() {
    thread_.Run([&] { dialer_.reset(); });
  }
  std::string controller() {
    return thread_.Run([&] { return dialer_->controller() == nullptr ? "" : dialer_->controller()->ToString(); });
  }

  Events log;

 private:
  FakeWorkers workers_;
  LoopThread thread_;
  std::unique_ptr<ControlCore> core_;
  std::unique_ptr<Dialer> dialer_;
};

// By the lines of the first round, in which it dials so many.
uint64_t FirstPauseMs(Proxy& proxy, int controllers) {
  for (int before = 1; before < controllers; ++before) proxy.log.Next();
  const std::string line = proxy.log.Next();
  uint64_t ms = 0;
  const size_t at = line.rfind(" in ");
  EXPECT_TRUE(at != std::string::npos && std::sscanf(line.c_str() + at, " in %" SCNu64 " ms", &ms) == 1) << line;
  return ms;
}

// Where nobody listens, nor can as long as this lives.
class DeadAddress {
 public:
  DeadAddress() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const net::Address any = *net::Address::Parse("127.0.0.1:0");
    sockaddr_storage bound;
    socklen_t length = sizeof(bound);
    EXPECT_EQ(bind(socket_.get(), any.get(), any.length()), 0);
    EXPECT_EQ(getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&bound), &length), 0);
    text_ = net::Address::FromSockaddr(reinterpret_cast<sockaddr*>(&bound), length)->ToString();
  }
  const std::string& text() const { return text_; }

 private:
  const base::UniqueFd socket_;
  std::string text_;
};

TEST(Dialer, CarriesAConversation) {
  Events events;
  Controller controller([&](Controller::Stream& stream) {
    v1::FromProxy message;
    stream.Read(&message);
    events.Add(base::StrCat("hello from ", message.hello().node_id()));
    v1::ToProxy transaction;
    *transaction.mutable_transaction() = SnapshotTransaction(kSmallState);
    transaction.mutable_transaction()->set_id("t");
    stream.Write(transaction);
    stream.Read(&message);
    events.Add(base::StrCat("applied ", message.applied().revision()));
    while (stream.Read(&message)) {
    }
    events.Add("left");
    return grpc::Status::OK;
  });
  Proxy proxy;
  ASSERT_TRUE(proxy.Dial({controller.address()}).ok());
  EXPECT_EQ(events.Next(), "hello from node");
  EXPECT_EQ(events.Next(), "applied 1");
  EXPECT_EQ(proxy.controller(), controller.address());
  proxy.Stop();
  EXPECT_EQ(events.Next(), "left");
}

TEST(Dialer, GoesToTheNextControllerWhenOneIsNotThere) {
  Events events;
  const DeadAddress dead;
  Controller controller(TellHello(events, "second"));
  Proxy proxy;
  ASSERT_TRUE(proxy.Dial({dead.text(), controller.address()}).ok());
  EXPECT_EQ(events.Next(), "second: hello from node at 0");
  const std::string line = proxy.log.Next();
  EXPECT_THAT(line, HasSubstr(base::StrCat("controller ", dead.text(), " lost: ")));
  EXPECT_THAT(line, HasSubstr(base::StrCat("; dialling ", controller.address())));
}

TEST(Dialer, GoesToTheNextControllerWhenOneRefuses) {
  Events events;
  Controller standby([](Controller::Stream&) { return grpc::Status(grpc::StatusCode::UNAVAILABLE, "not the leader"); });
  Controller leader(TellHello(events, "leader"));
  Proxy proxy;
  ASSERT_TRUE(proxy.Dial({standby.address(), leader.address()}).ok());
  EXPECT_EQ(events.Next(), "leader: hello from node at 0");
  EXPECT_THAT(proxy.log.Next(), HasSubstr("not the leader"));
}

TEST(Dialer, GoesToTheNextControllerWhenOneFallsSilent) {
  Events events;
  Controller silent([&](Controller::Stream& stream) {
    v1::FromProxy message;
    stream.Read(&message);
    events.Add("silent: hello");
    while (stream.Read(&message)) {
    }
    return grpc::Status::OK;
  });
  Controller speaking(TellHello(events, "speaking"));
  Proxy proxy(milliseconds(500));
  ASSERT_TRUE(proxy.Dial({silent.address(), speaking.address()}).ok());
  EXPECT_EQ(events.Next(), "silent: hello");
  EXPECT_EQ(events.Next(), "speaking: hello from node at 0");
  EXPECT_THAT(proxy.log.Next(), HasSubstr("nothing heard for 500 ms"));
}

TEST(Dialer, ComesBackToAControllerThatWasKilledAndStartedAgain) {
  Events events;
  Proxy proxy;
  auto controller = std::make_unique<Controller>(TellHello(events, "first life"));
  const std::string address = controller->address();
  ASSERT_TRUE(proxy.Dial({address}).ok());
  EXPECT_EQ(events.Next(), "first life: hello from node at 0");
  controller.reset();
  EXPECT_THAT(proxy.log.Next(), HasSubstr("lost: "));
  controller = std::make_unique<Controller>(TellHello(events, "second life"), address);
  EXPECT_EQ(events.Next(), "second life: hello from node at 0");
}

TEST(Dialer, TriesAllOverAgainWhenNobodyServesIt) {
  Events events;
  const DeadAddress dead;
  Controller refusing(Answer(events, "refusing", grpc::StatusCode::PERMISSION_DENIED));
  Proxy proxy;
  ASSERT_TRUE(proxy.Dial({dead.text(), refusing.address()}).ok());
  EXPECT_THAT(proxy.log.Next(), HasSubstr(base::StrCat("dialling ", refusing.address())));
  EXPECT_THAT(proxy.log.Next(), HasSubstr(base::StrCat("dialling ", dead.text(), " in ")));
  for (int round = 0; round < 3; ++round) EXPECT_EQ(events.Next(), "refusing");
  EXPECT_EQ(proxy.controller(), "");
}

// The first pause tells which kind it is: 0 to 100 ms where nobody was there, 100 to 250 ms (or a tenth of the time
// that the round took) where somebody has sent it on.
TEST(Dialer, ComesBackAtLeisureWhereNobodyIsThere) {
  const DeadAddress first, second;
  Proxy proxy;
  ASSERT_TRUE(proxy.Dial({first.text(), second.text()}).ok());
  EXPECT_LE(FirstPauseMs(proxy, 2), 100u);
}

TEST(Dialer, ComesBackSoonWhereSomebodyHasSentItOn) {
  Events events;
  const DeadAddress dead;
  Controller standby(Answer(events, "standby", grpc::StatusCode::UNAVAILABLE));
  const auto began = std::chrono::steady_clock::now();
  Proxy proxy;
  ASSERT_TRUE(proxy.Dial({standby.address(), dead.text()}).ok());
  const uint64_t pause_ms = FirstPauseMs(proxy, 2);
  const auto took = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began);
  EXPECT_GE(pause_ms, 100u);
  EXPECT_LE(pause_ms, std::max<uint64_t>(250, static_cast<uint64_t>(took.count()) / 10));
}

TEST(Dialer, ComesBackSoonToOneThatHasEndedTheStreamWithoutAWord) {
  Events events;
  Controller standby(Answer(events, "standby", grpc::StatusCode::OK));
  Proxy proxy;
  ASSERT_TRUE(proxy.Dial({standby.address()}).ok());
  EXPECT_GE(FirstPauseMs(proxy, 1), 100u);
}

TEST(Dialer, ComesBackAtLeisureWhereOneRefuses) {
  Events events;
  Controller standby(Answer(events, "standby", grpc::StatusCode::UNAVAILABLE));
  Controller refusing(Answer(events, "refusing", grpc::StatusCode::UNAUTHENTICATED));
  Proxy proxy;
  ASSERT_TRUE(proxy.Dial({standby.address(), refusing.address()}).ok());
  EXPECT_LE(FirstPauseMs(proxy, 2), 100u);
}

TEST(Dialer, SaysWhatHappensAgainAndAgainOnce) {
  Events events;
  Controller standby(Answer(events, "dialled", grpc::StatusCode::UNAVAILABLE));
  Proxy proxy;
  ASSERT_TRUE(proxy.Dial({standby.address()}).ok());
  EXPECT_THAT(proxy.log.Next(), HasSubstr("lost: not now"));
  const auto began = std::chrono::steady_clock::now();
  for (int round = 0; round < 5; ++round) EXPECT_EQ(events.Next(), "dialled");
  // But each 10 s.
  const bool said_again = !proxy.log.empty();
  EXPECT_TRUE(!said_again || std::chrono::steady_clock::now() - began > std::chrono::seconds(9));
}

TEST(Dialer, AMessageThatIsNoneEndsTheStreamAndNoMore) {
  Events events;
  std::atomic<int> streams = 0;
  Controller controller([&](Controller::Stream& stream) {
    v1::FromProxy message;
    stream.Read(&message);
    events.Add("hello");
    if (++streams == 1) stream.Write(v1::ToProxy());
    while (stream.Read(&message)) {
    }
    return grpc::Status::OK;
  });
  Proxy proxy;
  ASSERT_TRUE(proxy.Dial({controller.address()}).ok());
  EXPECT_EQ(events.Next(), "hello");
  EXPECT_THAT(proxy.log.Next(), HasSubstr("a kind that this version does not know"));
  EXPECT_EQ(events.Next(), "hello");
}

TEST(Dialer, EndsWhileItDials) {
  Events events;
  Controller controller([&](Controller::Stream& stream) {
    v1::FromProxy message;
    while (stream.Read(&message)) {
    }
    return grpc::Status::OK;
  });
  for (int i = 0; i < 20; ++i) {
    Proxy proxy;
    ASSERT_TRUE(proxy.Dial({controller.address()}).ok());
  }
}

TEST(Dialer, RefusesAddressesThatItMustNotDial) {
  Proxy proxy;
  EXPECT_THAT(std::string(proxy.Dial({"127.0.0.1:1", "10.0.0.1:1"}).message()),
              HasSubstr("beyond loopback, control needs mTLS"));
  EXPECT_EQ(proxy.Dial({}).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace fairlead::control
