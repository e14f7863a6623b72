#include "controlplane-mock/control_plane_server.h"

#include <grpc/grpc.h>
#include <grpcpp/server_builder.h>
#include <sys/stat.h>

#include <chrono>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "api/credentials/credentials.h"
#include "controlplane-mock/queued_stream.h"

namespace fairlead::controlplane_mock {
namespace {

// For what streams that have ended still have to say.
constexpr std::chrono::seconds kLastWords{1};

using AcceptingReactor = grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>;

class AcceptedStream final : public QueuedStream<AcceptingReactor> {
 public:
  AcceptedStream(grpc::CallbackServerContext* context, Inbox* inbox, Controller* controller)
      : QueuedStream(inbox, controller), context_(context) {
    Announce();
    ResumeReading();
  }

 private:
  void OnCancel() override { OnCancelled(); }
  void OnDone() override { Close(absl::OkStatus()); }
  void FinishStream(const absl::Status& reason) override {
    Finish({static_cast<grpc::StatusCode>(reason.code()), std::string(reason.message())});
  }
  bool SaysWhy() const override { return true; }
  void Cancel() override { context_->TryCancel(); }

  grpc::CallbackServerContext* const context_;  // gRPC's, until OnDone
};

class Service final : public v1::ControlPlane::WithRawCallbackMethod_Connect<v1::ControlPlane::Service> {
 public:
  Service(Inbox* inbox, Controller* controller) : inbox_(inbox), controller_(controller) {}

  AcceptingReactor* Connect(grpc::CallbackServerContext* context) override {
    return new AcceptedStream(context, inbox_, controller_);  // deletes itself: see QueuedStream
  }

 private:
  Inbox* const inbox_;
  Controller* const controller_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ControlPlaneServer>> ControlPlaneServer::Create(const std::string& address, Inbox* inbox,
                                                                               Controller* controller,
                                                                               const api::MutualTls& tls) {
  std::unique_ptr<ControlPlaneServer> server(new ControlPlaneServer);
  server->service_ = std::make_unique<Service>(inbox, controller);
  grpc::ServerBuilder builder;
  int port = 0;
  const bool is_unix = absl::StartsWith(address, "unix:");
  builder.AddListeningPort(address, api::MakeServerCredentials(is_unix ? api::MutualTls{} : tls), &port);
  // A second process on the same port would get half of the proxies.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.SetMaxReceiveMessageSize(-1);
  builder.RegisterService(server->service_.get());

  const mode_t mask_before = umask(0177);  // for the mode of a unix socket
  server->server_ = builder.BuildAndStart();
  umask(mask_before);
  if (server->server_ == nullptr || port == 0) {
    return absl::UnavailableError(absl::StrCat(address, ": cannot listen there"));
  }
  server->address_ = is_unix ? address : absl::StrCat(address.substr(0, address.rfind(':')), ":", port);
  return server;
}

ControlPlaneServer::~ControlPlaneServer() = default;

void ControlPlaneServer::Shutdown() { server_->Shutdown(std::chrono::system_clock::now() + kLastWords); }

}  // namespace fairlead::controlplane_mock
