#include "dataplane/control/grpc_server.h"

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "dataplane/base/absl_strings.h"
#include "dataplane/control/control_address.h"
#include "dataplane/control/fake_workers.h"
#include "dataplane/control/grpc_limits.h"
#include "dataplane/control/loop_thread.h"
#include "dataplane/control/test_support.h"
#include "dataplane/health/report_turns.h"
#include "fairlead/v1/control.grpc.pb.h"

namespace fairlead::control {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::SizeIs;

// Nothing in these tests takes that long.
constexpr std::chrono::seconds kDeadline(60);

// A proxy without workers on a thread of its own, listening for control.
class Proxy {
 public:
  explicit Proxy(std::string_view address = "127.0.0.1:0", milliseconds heartbeat_timeout = milliseconds(15'000)) {
    thread_.Run([&] {
      ControlCore::Options options = workers_.Options(&thread_.loop()->timers());
      options.heartbeat_interval = heartbeat_timeout / 3;
      options.heartbeat_timeout = heartbeat_timeout;
      core_ = std::make_unique<ControlCore>(std::move(options));
      server_ = *GrpcServer::Create(address, core_.get(), thread_.loop());
    });
  }
  ~Proxy() {
    Shutdown();
    thread_.Run([&] { core_.reset(); });
    thread_.Run([] {});  // WatchTurn has seen it
  }
  void Shutdown() {
    thread_.Run([&] { server_.reset(); });
  }

  std::string address() {
    return thread_.Run([&] { return server_->bound_address().ToString(); });
  }
  std::vector<std::string> stream_peers() {
    return thread_.Run([&] { return server_->stream_peers(); });
  }
  size_t open_streams() { return stream_peers().size(); }
  uint64_t revision() {
    return thread_.Run([&] { return core_->revision(); });
  }
  // From now on, notes how many reports are taken from one turn of the loop to the next.
  void WatchReportsOfATurn() {
    thread_.Run([&] { WatchTurn(); });
  }
  uint64_t MostReportsOfATurn() {
    return thread_.Run([&] { return most_reports_; });
  }
  absl::Status ListenAlsoOn(std::string_view address) {
    return thread_.Run([&] { return GrpcServer::Create(address, core_.get(), thread_.loop()).status(); });
  }
  std::shared_ptr<grpc::Channel> Channel() {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(ToGrpcTarget(*net::Address::Parse(address())), grpc::InsecureChannelCredentials(),
                                     arguments);
  }

 private:
  void WatchTurn() {
    if (core_ == nullptr) return;
    const uint64_t reports = core_->health().reports_accepted();
    most_reports_ = std::max(most_reports_, reports - std::exchange(seen_reports_, reports));
    thread_.loop()->mailbox().Post([this] { WatchTurn(); });
  }

  FakeWorkers workers_;
  LoopThread thread_;
  uint64_t seen_reports_ = 0;
  uint64_t most_reports_ = 0;
  std::unique_ptr<ControlCore> core_;
  std::unique_ptr<GrpcServer> server_;
};

// A controller that dialled the proxy.
class Client {
 public:
  explicit Client(std::shared_ptr<grpc::Channel> channel) : stub_(v1::DataPlane::NewStub(std::move(channel))) {
    context_.set_deadline(std::chrono::system_clock::now() + kDeadline);
    stream_ = stub_->Connect(&context_);
  }
  ~Client() { context_.TryCancel(); }

  bool Write(const v1::ToProxy& message) { return stream_->Write(message); }
  bool Submit(v1::Transaction transaction, std::string_view id) {
    v1::ToProxy message;
    *message.mutable_transaction() = std::move(transaction);
    message.mutable_transaction()->set_id(std::string(id));
    return Write(message);
  }
  bool Get() {
    v1::ToProxy message;
    message.mutable_get();
    return Write(message);
  }
  // The next that is no heartbeat; an empty one at the end of the stream.
  v1::FromProxy Read() {
    v1::FromProxy message;
    while (stream_->Read(&message)) {
      if (!message.has_heartbeat()) return message;
    }
    return {};
  }
  void WritesDone() { stream_->WritesDone(); }
  grpc::Status Finish() { return stream_->Finish(); }

 private:
  std::unique_ptr<v1::DataPlane::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::ToProxy, v1::FromProxy>> stream_;
};

template <typename Condition>
bool WaitUntil(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

v1::Transaction Fleet(int servers) {
  v1::Transaction transaction;
  v1::Backend& backend = *transaction.mutable_snapshot()->add_backends();
  backend.set_id("b");
  for (int i = 0; i < servers; ++i) {
    v1::Server& server = *backend.add_servers();
    server.set_id(base::StrCat("server-", i));
    server.set_address("10.0.0.1:80");
    (*server.mutable_labels())["a-label-that-is-rather-long"] = std::string(64, 'v');
  }
  return transaction;
}

TEST(GrpcServer, CarriesAConversation) {
  Proxy proxy;
  Client client(proxy.Channel());
  EXPECT_EQ(client.Read().hello().revision(), 0u);
  client.Submit(SnapshotTransaction(kSmallState), "t1");
  EXPECT_EQ(client.Read().applied().revision(), 1u);
  client.Get();
  EXPECT_THAT(client.Read().state_report().servers(), SizeIs(3));
  client.WritesDone();
  EXPECT_TRUE(client.Finish().ok());
  EXPECT_EQ(proxy.revision(), 1u);
}

TEST(GrpcServer, TakesWhatSeveralControllersSay) {
  Proxy proxy;
  constexpr int kClients = 4, kTransactions = 50;
  std::vector<std::thread> threads;
  for (int c = 0; c < kClients; ++c) {
    threads.emplace_back([&proxy, c] {
      Client client(proxy.Channel());
      client.Read();
      for (int i = 0; i < kTransactions; ++i) {
        v1::Transaction transaction;
        transaction.add_operations()->mutable_upsert_backend()->set_id(base::StrCat("b", c, "-", i));
        client.Submit(transaction, base::StrCat("t", c, "-", i));
      }
      uint64_t last = 0;
      for (int i = 0; i < kTransactions; ++i) {
        const v1::FromProxy answer = client.Read();
        EXPECT_EQ(answer.applied().transaction_id(), base::StrCat("t", c, "-", i));
        EXPECT_GT(answer.applied().revision(), last);
        last = answer.applied().revision();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(proxy.revision(), uint64_t{kClients * kTransactions});
}

TEST(GrpcServer, TellsOneControllerWhatAnotherChanged) {
  Proxy proxy;
  Client watcher(proxy.Channel());
  watcher.Read();
  v1::ToProxy watch;
  watch.mutable_watch();
  watcher.Write(watch);
  EXPECT_FALSE(watcher.Read().state_report().incremental());
  Client writer(proxy.Channel());
  writer.Read();
  writer.Submit(SnapshotTransaction(kSmallState), "t");
  const v1::FromProxy report = watcher.Read();
  EXPECT_TRUE(report.state_report().incremental());
  EXPECT_EQ(report.state_report().revision(), 1u);
}

TEST(GrpcServer, TakesAndGivesAFleetAtOnce) {
  Proxy proxy;
  Client client(proxy.Channel());
  client.Read();
  const v1::Transaction fleet = Fleet(50'000);
  ASSERT_GT(fleet.ByteSizeLong(), 5'000'000u);  // gRPC alone would stop at 4 MiB
  client.Submit(fleet, "t");
  EXPECT_EQ(client.Read().applied().added(), 50'001u);
  client.Get();
  EXPECT_THAT(client.Read().state_report().config().backends(0).servers(), SizeIs(50'000));
}

TEST(GrpcServer, AMalformedMessageEndsItsOwnStreamAlone) {
  Proxy proxy;
  Client good(proxy.Channel());
  good.Read();

  grpc::GenericStub stub(proxy.Channel());
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kDeadline);
  grpc::CompletionQueue queue;
  auto stream = stub.PrepareCall(&context, "/fairlead.v1.DataPlane/Connect", &queue);
  const auto wait = [&] {
    void* tag;
    bool ok;
    EXPECT_TRUE(queue.Next(&tag, &ok));
  };
  stream->StartCall(nullptr);
  wait();
  const grpc::Slice garbage("\xff\xff\xff");
  stream->Write(grpc::ByteBuffer(&garbage, 1), nullptr);
  wait();
  grpc::ByteBuffer hello, none;
  stream->Read(&hello, nullptr);
  wait();
  stream->Read(&none, nullptr);
  wait();
  EXPECT_FALSE(none.Valid());
  grpc::Status status;
  stream->Finish(&status, nullptr);
  wait();

  good.Submit(SnapshotTransaction(kSmallState), "t");
  EXPECT_EQ(good.Read().applied().revision(), 1u);
}

TEST(GrpcServer, AnEmptyMessageIsRefusedByName) {
  Proxy proxy;
  Client client(proxy.Channel());
  client.Read();
  client.Write(v1::ToProxy());
  EXPECT_FALSE(client.Read().has_hello());
  const grpc::Status status = client.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("kind that this version does not know"));
}

TEST(GrpcServer, APeerThatFallsSilentIsCutOff) {
  Proxy proxy("127.0.0.1:0", milliseconds(150));
  Client client(proxy.Channel());
  EXPECT_TRUE(client.Read().has_hello());
  EXPECT_FALSE(client.Read().has_hello());  // after heartbeats, the end
  const grpc::Status status = client.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(status.error_message(), "nothing heard for 150 ms");
}

TEST(GrpcServer, APeerThatNeitherSpeaksNorReadsIsCutOff) {
  Proxy proxy("127.0.0.1:0", milliseconds(2'000));
  Client client(proxy.Channel());
  // More than flow control lets through unread.
  client.Submit(Fleet(20'000), "t");
  for (int i = 0; i < 4; ++i) client.Get();
  ASSERT_TRUE(WaitUntil([&] { return proxy.open_streams() == 1; }));
  EXPECT_TRUE(WaitUntil([&] { return proxy.open_streams() == 0; }));
}

TEST(GrpcServer, NamesThePeersOfItsStreams) {
  Proxy proxy("127.0.0.1:0", milliseconds(2'000));
  Client client(proxy.Channel());
  EXPECT_TRUE(client.Read().has_hello());
  const std::vector<std::string> peers = proxy.stream_peers();
  ASSERT_EQ(peers.size(), 1u);
  EXPECT_THAT(peers[0], testing::StartsWith("127.0.0.1:"));
  EXPECT_NE(peers[0], proxy.address());
}

TEST(GrpcServer, ShutsDownWithStreamsOpen) {
  Proxy proxy;
  Client idle(proxy.Channel());
  idle.Read();
  Client busy(proxy.Channel());
  for (int i = 0; i < 4; ++i) busy.Submit(Fleet(1'000), base::StrCat("t", i));
  proxy.Shutdown();
  EXPECT_FALSE(idle.Read().has_hello());
  EXPECT_FALSE(idle.Finish().ok());
}

TEST(GrpcServer, TakesReportsOfHealth) {
  Proxy proxy;
  Client controller(proxy.Channel());
  controller.Read();
  controller.Submit(SnapshotTransaction(kSmallState), "t");
  controller.Read();

  auto stub = v1::HealthIngest::NewStub(proxy.Channel());
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kDeadline);
  auto stream = stub->Report(&context);
  for (uint64_t id = 1; id <= 2; ++id) {
    v1::HealthReportBatch batch;
    batch.set_batch_id(id);
    for (const char* server : {"w1", "w9"}) {
      v1::HealthReport& report = *batch.add_reports();
      report.set_backend("web");
      report.set_server(server);
      report.set_status(v1::Health::UP);
      report.set_reporter("probe");
    }
    stream->Write(batch);
  }
  for (uint64_t id = 1; id <= 2; ++id) {
    v1::HealthReportAnswer answer;
    ASSERT_TRUE(stream->Read(&answer));
    EXPECT_EQ(answer.batch_id(), id);
    EXPECT_EQ(answer.accepted(), 1u);
    ASSERT_THAT(answer.errors(), SizeIs(1));
    EXPECT_EQ(answer.errors(0).index(), 1u);
  }
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST(GrpcServer, ALongBatchOfReportsLeavesOthersTheirTurns) {
  constexpr uint64_t kReports = 10'000;
  Proxy proxy;
  Client controller(proxy.Channel());
  controller.Read();
  controller.Submit(SnapshotTransaction(kSmallState), "t");
  controller.Read();
  proxy.WatchReportsOfATurn();

  v1::HealthReportBatch batch;
  for (uint64_t i = 0; i < kReports; ++i) {
    v1::HealthReport& report = *batch.add_reports();
    report.set_backend("web");
    report.set_server("w1");
    report.set_status(v1::Health::UP);
    report.set_reporter("probe");
    report.set_sequence(i + 1);
  }
  auto stub = v1::HealthIngest::NewStub(proxy.Channel());
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kDeadline);
  auto stream = stub->Report(&context);
  stream->Write(batch);
  stream->WritesDone();
  v1::HealthReportAnswer answer;
  ASSERT_TRUE(stream->Read(&answer));
  EXPECT_EQ(answer.accepted(), kReports);
  EXPECT_FALSE(stream->Read(&answer));
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(proxy.MostReportsOfATurn(), static_cast<uint64_t>(health::ReportTurns::kReportsATurn));
}

TEST(GrpcServer, WhatIsLeftOfABatchGoesWithItsStream) {
  Proxy proxy;
  Client controller(proxy.Channel());
  controller.Read();
  controller.Submit(SnapshotTransaction(kSmallState), "t");
  controller.Read();
  v1::HealthReportBatch batch;
  for (int i = 0; i < 10'000; ++i) {
    v1::HealthReport& report = *batch.add_reports();
    report.set_backend("web");
    report.set_server("w1");
    report.set_status(v1::Health::UP);
    report.set_reporter("probe");
  }
  auto stub = v1::HealthIngest::NewStub(proxy.Channel());
  for (int i = 0; i < 20; ++i) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kDeadline);
    auto stream = stub->Report(&context);
    stream->Write(batch);
    context.TryCancel();
    EXPECT_FALSE(stream->Finish().ok());
  }
  EXPECT_TRUE(WaitUntil([&] { return proxy.open_streams() == 1; }));
  // It goes on as before.
  EXPECT_TRUE(controller.Get());
  EXPECT_TRUE(controller.Read().has_state_report());
}

TEST(GrpcServer, AUnixSocketIsForItsOwnerAloneAndGoesWithTheServer) {
  // Short, as a socket's path must be; Bazel's own directory is not.
  char directory[] = "/tmp/fairlead-XXXXXX";
  ASSERT_NE(mkdtemp(directory), nullptr);
  const std::string path = base::StrCat(directory, "/control");
  {
    Proxy proxy(base::StrCat("unix:", path));
    struct stat status;
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    Client client(proxy.Channel());
    EXPECT_TRUE(client.Read().has_hello());
  }
  EXPECT_EQ(rmdir(directory), 0);  // nothing is left in it
}

TEST(GrpcServer, RefusesAddressesThatItMustNotListenOn) {
  Proxy proxy;
  EXPECT_EQ(proxy.ListenAlsoOn("0.0.0.0:0").message(),
            "0.0.0.0:0: beyond loopback, control needs mTLS: give --control_ca, --control_cert and --control_key, or "
            "use 127.0.0.1 or unix:PATH");
  EXPECT_EQ(proxy.ListenAlsoOn("[::]:5000").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(proxy.ListenAlsoOn("nowhere").message(), "not an IP:port or unix path: \"nowhere\"");
  EXPECT_THAT(std::string(proxy.ListenAlsoOn(proxy.address()).message()), HasSubstr("Address already in use"));
  EXPECT_TRUE(proxy.ListenAlsoOn("localhost:0").ok());
}

}  // namespace
}  // namespace fairlead::control
