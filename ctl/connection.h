#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/credentials/mutual_tls.h"
#include "ctl/heartbeat.h"
#include "ctl/stream_limits.h"
#include "fairlead/v1/control.grpc.pb.h"

namespace fairlead::ctl {

// A stream to one proxy's DataPlane.Connect. Owned by a command, used by its one thread, ended with it. While it waits
// it sends the heartbeats that Hello asks for.
//
// Errors of all functions: UNAVAILABLE (not reached, lost, or fallen silent), DEADLINE_EXCEEDED, CANCELLED (Ctrl-C), in
// one line for people. After one, all later calls give the same.
class Connection {
 public:
  struct Options {
    // See MakeChannel.
    std::string address;
    api::MutualTls tls = {};
    // For connecting and all answers together, until LiftTimeout.
    std::chrono::nanoseconds timeout = std::chrono::seconds(10);
    // A descriptor that becomes readable when the user has enough, or -1.
    int interrupts = -1;
  };

  // Dials, and waits for Hello. INVALID_ARGUMENT for a bad address.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const Options& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  const v1::Hello& hello() const { return hello_; }

  absl::Status Send(const v1::ToProxy& message);
  // The next message but heartbeats.
  absl::StatusOr<v1::FromProxy> Receive();

  // From now on Receive waits as long as the proxy lives.
  void LiftTimeout() { limits_.LiftTimeout(); }

 private:
  Connection(Options options, std::shared_ptr<grpc::Channel> channel);

  absl::Status ReceiveHello();
  void SendHeartbeat();
  // Ends the stream, and says why it ended.
  absl::Status End();

  const Options options_;
  const std::unique_ptr<v1::DataPlane::Stub> stub_;
  grpc::ClientContext context_;
  // gRPC takes one writer at a time: this thread or the heartbeat's.
  std::mutex write_mutex_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::ToProxy, v1::FromProxy>> stream_;
  uint64_t heartbeats_ = 0;  // under write_mutex_
  StreamLimits limits_;
  // From Hello to the end.
  std::unique_ptr<Heartbeat> heartbeat_;
  v1::Hello hello_;
  // OK while the stream lives.
  absl::Status end_;
};

}  // namespace fairlead::ctl
