#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "api/credentials/mutual_tls.h"
#include "dataplane/control/control_core.h"
#include "dataplane/event/loop.h"
#include "dataplane/net/address.h"

namespace fairlead::control {

// Where controllers, fairleadctl and reporters of health dial the proxy (--control_listen): the gRPC services DataPlane
// and HealthIngest.
//
// The control loop accepts connections and hands them to gRPC; gRPC's threads carry messages between them and the loop,
// where everything is decided. On the control thread; neither `core` nor `loop` ends before it. Its end cuts off what
// is open, and waits for gRPC's threads to be done with it.
class GrpcServer {
 public:
  // Listens on `address` ("IP:port" and "localhost:port", port 0 included, beyond loopback only with `tls`, which all
  // of these speak then; or "unix:/path", which gets mode 0600, and speaks no TLS). Errors: INVALID_ARGUMENT for
  // others, and what net::Listen says.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Create(std::string_view address, ControlCore* core,
                                                            event::Loop* loop, const api::MutualTls& tls = {});
  ~GrpcServer();
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;

  // With the port that 0 became.
  const net::Address& bound_address() const;
  // Who has streams open, of both services, one entry for each: "IP:port", or the address of this server for those who
  // dialled its unix socket.
  std::vector<std::string> stream_peers() const;

 private:
  class Impl;
  explicit GrpcServer(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace fairlead::control
