#include "dataplane/control/grpc_server.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "api/credentials/credentials.h"
#include "dataplane/control/control_address.h"
#include "dataplane/control/data_plane_stream.h"
#include "dataplane/control/grpc_limits.h"
#include "dataplane/control/health_ingest_stream.h"
#include "dataplane/control/server_streams.h"
#include "dataplane/net/listening_socket.h"
#include "dataplane/net/socket_file.h"
#include "fairlead/v1/control.grpc.pb.h"

namespace fairlead::control {
namespace {

class DataPlaneService final : public v1::DataPlane::CallbackService {
 public:
  DataPlaneService(event::Loop* loop, std::weak_ptr<ServerStreams> streams)
      : loop_(loop), streams_(std::move(streams)) {}

  grpc::ServerBidiReactor<v1::ToProxy, v1::FromProxy>* Connect(grpc::CallbackServerContext* context) override {
    return DataPlaneStream::Open(std::make_shared<DataPlaneStream>(context, loop_, streams_));
  }

 private:
  event::Loop* const loop_;
  const std::weak_ptr<ServerStreams> streams_;
};

class HealthIngestService final : public v1::HealthIngest::CallbackService {
 public:
  HealthIngestService(event::Loop* loop, std::weak_ptr<ServerStreams> streams)
      : loop_(loop), streams_(std::move(streams)) {}

  grpc::ServerBidiReactor<v1::HealthReportBatch, v1::HealthReportAnswer>* Report(
      grpc::CallbackServerContext* context) override {
    return HealthIngestStream::Open(std::make_shared<HealthIngestStream>(context, loop_, streams_));
  }

 private:
  event::Loop* const loop_;
  const std::weak_ptr<ServerStreams> streams_;
};

}  // namespace

class GrpcServer::Impl final : public event::AcceptHandler {
 public:
  Impl(net::Address address, net::SocketFile file, ControlCore* core, event::Loop* loop)
      : address_(std::move(address)),
        file_(std::move(file)),
        streams_(std::make_shared<ServerStreams>(core)),
        data_plane_(loop, streams_),
        health_ingest_(loop, streams_) {}

  bool Start(base::UniqueFd socket, event::Loop* loop, const api::MutualTls& tls) {
    grpc::ServerBuilder builder;
    builder.RegisterService(&data_plane_);
    builder.RegisterService(&health_ingest_);
    builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
    builder.SetMaxSendMessageSize(kMaxMessageBytes);
    // Not gRPC's own listening: it would neither refuse an address that is in use nor give a unix socket its mode.
    connections_ = builder.experimental().AddExternalConnectionAcceptor(
        grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
        api::MakeServerCredentials(WantsTls(address_) ? tls : api::MutualTls{}));
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) return false;
    acceptor_ = loop->Accept(socket.Release(), this);
    return true;
  }

  ~Impl() {
    if (acceptor_ != nullptr) acceptor_->Close();
    file_.Remove();
    // Streams that are open end by being cancelled, on gRPC's threads.
    if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());
  }

  const net::Address& address() const { return address_; }
  std::vector<std::string> stream_peers() const {
    std::vector<std::string> peers = streams_->peers();
    for (std::string& peer : peers) {
      if (peer.empty()) peer = address_.ToString();
    }
    return peers;
  }

 private:
  void OnAccepted(int fd, const sockaddr*, socklen_t) override {
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
    connection.fd = fd;
    connections_->HandleNewConnection(&connection);
  }
  void OnAcceptError(int) override {}  // the loop tries again by itself

  const net::Address address_;
  net::SocketFile file_;
  const std::shared_ptr<ServerStreams> streams_;
  DataPlaneService data_plane_;
  HealthIngestService health_ingest_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> connections_;
  std::unique_ptr<grpc::Server> server_;
  event::Acceptor* acceptor_ = nullptr;
};

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Create(std::string_view address, ControlCore* core,
                                                               event::Loop* loop, const api::MutualTls& tls) {
  absl::StatusOr<net::Address> parsed = ParseControlAddress(address, tls.given());
  if (!parsed.ok()) return parsed.status();
  absl::StatusOr<net::ListeningSockets> sockets = net::Listen(*parsed, /*workers=*/1);
  if (!sockets.ok()) return sockets.status();
  auto impl = std::make_unique<Impl>(std::move(sockets->address), std::move(sockets->file), core, loop);
  if (!impl->Start(std::move(sockets->descriptors[0]), loop, tls)) return absl::InternalError("gRPC did not start");
  return std::unique_ptr<GrpcServer>(new GrpcServer(std::move(impl)));
}

GrpcServer::GrpcServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

GrpcServer::~GrpcServer() = default;

const net::Address& GrpcServer::bound_address() const { return impl_->address(); }

std::vector<std::string> GrpcServer::stream_peers() const { return impl_->stream_peers(); }

}  // namespace fairlead::control
