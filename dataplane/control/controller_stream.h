#pragma once

#include <grpcpp/grpcpp.h>

#include <future>
#include <memory>
#include <optional>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "api/credentials/mutual_tls.h"
#include "dataplane/control/session.h"
#include "dataplane/control/wire.h"
#include "dataplane/event/loop.h"
#include "dataplane/net/address.h"
#include "fairlead/v1/control.grpc.pb.h"

namespace fairlead::control {

// ControlPlane.Connect: one stream, and one connection, that the proxy dialled to a controller.
//
// What happens on gRPC's threads is carried to the control thread, where the rest is called. gRPC holds the stream
// until it is done with it, the dialer as long as it uses it.
class ControllerStream final : public grpc::ClientBidiReactor<v1::FromProxy, v1::ToProxy>, public Wire {
 public:
  struct Ending {
    // Why: what the controller or gRPC says, or the session where that ended it.
    absl::Status status;
    bool heard = false;    // the controller had sent something
    bool reached = false;  // it had, or the connection to it stands, so that the status is its own word
  };
  using OnEnded = absl::AnyInvocable<void(const Ending& ending)>;

  // Begins to connect. `on_ended` is called once, later, unless Abandon comes first.
  static std::shared_ptr<ControllerStream> Dial(const net::Address& address, const api::MutualTls& tls,
                                                ControlCore* core, event::Loop* loop, OnEnded on_ended);

  bool heard() const { return heard_; }

  // Ends the stream without a word, and waits until gRPC is done with it.
  void Abandon();

 private:
  ControllerStream(const net::Address& address, const api::MutualTls& tls, event::Loop* loop, OnEnded on_ended);
  void Start(ControlCore* core, const net::Address& address);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

  void Read() override { StartRead(&incoming_); }
  void Write(std::shared_ptr<const v1::FromProxy> message) override;
  void End(const absl::Status& status) override;

  void IdentifyController();
  // For the control thread: the session is over, and nothing more is started.
  void HangUp();
  template <typename Function>
  void Post(Function function);

  event::Loop* const loop_;
  OnEnded on_ended_;
  grpc::ClientContext context_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::ControlPlane::Stub> stub_;
  std::unique_ptr<Session> session_;  // until the stream is over
  std::string address_;
  bool heard_ = false;
  std::optional<absl::Status> ended_by_session_;

  std::shared_ptr<ControllerStream> self_;  // until gRPC is done
  std::promise<void> done_;
  std::future<void> until_done_ = done_.get_future();

  // gRPC's between starting and done, else nobody's.
  v1::ToProxy incoming_;
  std::shared_ptr<const v1::FromProxy> outgoing_;
};

}  // namespace fairlead::control
