#include "dataplane/control/grpc_server.h"

#include <grpcpp/grpcpp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/credentials/credentials.h"
#include "dataplane/base/unique_fd.h"
#include "dataplane/control/control_address.h"
#include "dataplane/control/data_plane_stream.h"
#include "dataplane/control/grpc_limits.h"
#include "dataplane/control/health_ingest_stream.h"
#include "dataplane/control/server_streams.h"
#include "dataplane/net/listening_socket.h"
#include "dataplane/net/socket_file.h"
#include "dataplane/net/unix_peer.h"
#include "fairlead/v1/control.grpc.pb.h"

namespace fairlead::control {
namespace {

class DataPlaneService final : public v1::DataPlane::CallbackService {
 public:
  DataPlaneService(event::Loop* loop, std::weak_ptr<ServerStreams> streams, std::optional<uint32_t> unix_uid)
      : loop_(loop), streams_(std::move(streams)), unix_uid_(unix_uid) {}

  grpc::ServerBidiReactor<v1::ToProxy, v1::FromProxy>* Connect(grpc::CallbackServerContext* context) override {
    return DataPlaneStream::Open(std::make_shared<DataPlaneStream>(context, loop_, streams_, unix_uid_));
  }

 private:
  event::Loop* const loop_;
  const std::weak_ptr<ServerStreams> streams_;
  const std::optional<uint32_t> unix_uid_;
};

class HealthIngestService final : public v1::HealthIngest::CallbackService {
 public:
  HealthIngestService(event::Loop* loop, std::weak_ptr<ServerStreams> streams, std::optional<uint32_t> unix_uid)
      : loop_(loop), streams_(std::move(streams)), unix_uid_(unix_uid) {}

  grpc::ServerBidiReactor<v1::HealthReportBatch, v1::HealthReportAnswer>* Report(
      grpc::CallbackServerContext* context) override {
    return HealthIngestStream::Open(std::make_shared<HealthIngestStream>(context, loop_, streams_, unix_uid_));
  }

 private:
  event::Loop* const loop_;
  const std::weak_ptr<ServerStreams> streams_;
  const std::optional<uint32_t> unix_uid_;
};

// A gRPC server with both services, for connections that it is handed.
class Services {
 public:
  Services(event::Loop* loop, const std::shared_ptr<ServerStreams>& streams, std::optional<uint32_t> unix_uid)
      : data_plane_(loop, streams, unix_uid), health_ingest_(loop, streams, unix_uid) {}
  ~Services() {
    // Streams that are open end by being cancelled, on gRPC's threads.
    if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());
  }
  Services(const Services&) = delete;
  Services& operator=(const Services&) = delete;

  bool Start(const api::MutualTls& tls) {
    grpc::ServerBuilder builder;
    builder.RegisterService(&data_plane_);
    builder.RegisterService(&health_ingest_);
    builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
    builder.SetMaxSendMessageSize(kMaxMessageBytes);
    // Not gRPC's own listening: it would neither refuse an address that is in use nor give a unix socket its mode.
    connections_ = builder.experimental().AddExternalConnectionAcceptor(
        grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, api::MakeServerCredentials(tls));
    server_ = builder.BuildAndStart();
    return server_ != nullptr;
  }
  void Take(int fd) {
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
    connection.fd = fd;
    connections_->HandleNewConnection(&connection);
  }

 private:
  DataPlaneService data_plane_;
  HealthIngestService health_ingest_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> connections_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace

class GrpcServer::Impl final : public event::AcceptHandler {
 public:
  Impl(net::Address address, net::SocketFile file, ControlCore* core, event::Loop* loop)
      : loop_(loop),
        address_(std::move(address)),
        file_(std::move(file)),
        streams_(std::make_shared<ServerStreams>(core, loop)) {}

  bool Start(base::UniqueFd socket, const api::MutualTls& tls) {
    if (WantsTls(address_)) tls_ = tls;
    if (ServicesFor(is_unix() ? std::optional<uint32_t>(geteuid()) : std::nullopt) == nullptr) return false;
    acceptor_ = loop_->Accept(socket.Release(), this);
    return true;
  }

  ~Impl() {
    if (acceptor_ != nullptr) acceptor_->Close();
    file_.Remove();
  }

  const net::Address& address() const { return address_; }
  std::vector<std::string> stream_peers() const {
    std::vector<std::string> peers = streams_->sources();
    if (!is_unix()) return peers;
    for (std::string& peer : peers) peer = address_.ToString();
    return peers;
  }

 private:
  // The socket's mode lets no more in than the owner and who may do everything.
  static constexpr size_t kMaxUnixUsers = 16;

  bool is_unix() const { return address_.family() == AF_UNIX; }

  // gRPC does not tell a stream by which connection it came: so each user of a unix socket has a gRPC server of his
  // own. Null: it can't be had.
  Services* ServicesFor(std::optional<uint32_t> unix_uid) {
    std::unique_ptr<Services>& services = services_[unix_uid];
    if (services != nullptr) return services.get();
    services = std::make_unique<Services>(loop_, streams_, unix_uid);
    if (services_.size() <= kMaxUnixUsers && services->Start(tls_)) return services.get();
    services_.erase(unix_uid);
    return nullptr;
  }

  void OnAccepted(int fd, const sockaddr*, socklen_t) override {
    base::UniqueFd connection(fd);
    if (Services* services = ServicesFor(net::UnixPeerUid(fd))) services->Take(connection.Release());
  }
  void OnAcceptError(int) override {}  // the loop tries again by itself

  event::Loop* const loop_;
  const net::Address address_;
  net::SocketFile file_;
  api::MutualTls tls_;
  const std::shared_ptr<ServerStreams> streams_;
  std::map<std::optional<uint32_t>, std::unique_ptr<Services>> services_;
  event::Acceptor* acceptor_ = nullptr;
};

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Create(std::string_view address, ControlCore* core,
                                                               event::Loop* loop, const api::MutualTls& tls) {
  absl::StatusOr<net::Address> parsed = ParseControlAddress(address, tls.given());
  if (!parsed.ok()) return parsed.status();
  absl::StatusOr<net::ListeningSockets> sockets = net::Listen(*parsed, /*workers=*/1);
  if (!sockets.ok()) return sockets.status();
  auto impl = std::make_unique<Impl>(std::move(sockets->address), std::move(sockets->file), core, loop);
  if (!impl->Start(std::move(sockets->descriptors[0]), tls)) return absl::InternalError("gRPC did not start");
  return std::unique_ptr<GrpcServer>(new GrpcServer(std::move(impl)));
}

GrpcServer::GrpcServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

GrpcServer::~GrpcServer() = default;

const net::Address& GrpcServer::bound_address() const { return impl_->address(); }

std::vector<std::string> GrpcServer::stream_peers() const { return impl_->stream_peers(); }

}  // namespace fairlead::control
