#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "fairlead/v1/control.grpc.pb.h"
#include "grpcpp/server.h"

namespace fairlead::ctl {

// A proxy without a data plane, for tests: it speaks DataPlane and HealthIngest on a port of its own and keeps a state
// that transactions change, with revisions, fingerprints, dry runs and base revisions as the API says. Of all that a
// transaction can be rejected for it knows only a base revision that is stale and what is not there; for the rest a
// test says what it answers. All functions from any thread.
class FakeProxy final : v1::DataPlane::Service, v1::HealthIngest::Service {
 public:
  // What it does otherwise than it should, and what it says of itself.
  struct Behaviour {
    bool says_hello = true;
    bool reads = true;
    bool answers = true;
    uint32_t protocol_version = 1;
    uint32_t heartbeat_interval_ms = 10'000;
    uint32_t heartbeat_timeout_ms = 30'000;
    // For so many transactions, somebody else's comes first.
    int others_come_first = 0;
    // Every transaction is rejected for these, if there are any.
    std::vector<v1::Violation> violations{};
    // Every health report is refused with this, if it is not empty.
    std::string report_error{};
  };

  FakeProxy() : FakeProxy(Behaviour()) {}
  explicit FakeProxy(Behaviour behaviour);
  ~FakeProxy() override;

  // "127.0.0.1:PORT"
  const std::string& address() const { return address_; }

  // Changes the state as a controller would.
  void SetState(v1::Snapshot state);
  // Adds or replaces what it says of a server, a listener, a worker.
  void SetServerStatus(const v1::ServerStatus& status);
  void SetBackendStatus(const v1::BackendStatus& status);
  void SetListenerStatus(const v1::ListenerStatus& status);
  void SetWorkerStatus(const v1::WorkerStatus& status);
  // Of the server that it names; others have none.
  void SetExplanation(const v1::Explanation& explanation);

  v1::Snapshot state() const;
  // All that came, in their order.
  std::vector<v1::Transaction> transactions() const;
  std::vector<v1::HealthReport> reports() const;
  // Waits until so many heartbeats have come; false if they don't within ten seconds.
  bool WaitForHeartbeats(int count) const;

 private:
  class Conversation;

  grpc::Status Connect(grpc::ServerContext* context,
                       grpc::ServerReaderWriter<v1::FromProxy, v1::ToProxy>* stream) override;
  grpc::Status Report(grpc::ServerContext* context,
                      grpc::ServerReaderWriter<v1::HealthReportAnswer, v1::HealthReportBatch>* stream) override;

  v1::Hello MakeHello() const;
  v1::FromProxy Apply(const v1::Transaction& transaction);
  v1::StateReport MakeReport(const v1::StateFilter& filter) const;
  v1::Explanation FindExplanation(const v1::GetExplanation& get) const;
  // Under mutex_:
  std::vector<v1::Violation> FindViolations(const v1::Transaction& transaction) const;
  void ReplaceState(v1::Snapshot state);

  const Behaviour behaviour_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  // Under mutex_:
  v1::Snapshot state_;
  uint64_t revision_ = 0;
  // Grows with everything that a watch tells.
  uint64_t version_ = 0;
  int others_to_come_ = 0;
  int heartbeats_ = 0;
  std::vector<v1::ListenerStatus> listeners_;
  std::vector<v1::ServerStatus> servers_;
  std::vector<v1::BackendStatus> backends_;
  std::vector<v1::WorkerStatus> workers_;
  v1::Explanation explanation_;
  std::vector<v1::Transaction> transactions_;
  std::vector<v1::HealthReport> reports_;

  std::string address_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace fairlead::ctl
