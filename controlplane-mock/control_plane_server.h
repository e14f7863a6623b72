#pragma once

#include <grpcpp/server.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "api/credentials/mutual_tls.h"
#include "controlplane-mock/controller.h"
#include "controlplane-mock/inbox.h"
#include "fairlead/v1/control.grpc.pb.h"

namespace fairlead::controlplane_mock {

// Where proxies dial (ControlPlane.Connect). Owned by the Application, for its thread; gRPC's threads reach the
// controller through the inbox.
class ControlPlaneServer {
 public:
  // Listens on "HOST:PORT" (port 0: the system chooses) or "unix:PATH" (mode 0600), the former by mTLS where
  // `tls` is given. `inbox` and `controller` outlive the server. UNAVAILABLE if the address can't be bound.
  static absl::StatusOr<std::unique_ptr<ControlPlaneServer>> Create(const std::string& address, Inbox* inbox,
                                                                    Controller* controller,
                                                                    const api::MutualTls& tls = {});
  // After Shutdown, if it had streams.
  ~ControlPlaneServer();
  ControlPlaneServer(const ControlPlaneServer&) = delete;
  ControlPlaneServer& operator=(const ControlPlaneServer&) = delete;

  // With the port that the system chose.
  const std::string& address() const { return address_; }

  // Takes no more streams, and waits until those that are there have ended (Controller::EndAll), for a second at most:
  // then it cancels them. Afterwards the inbox has to be run a last time.
  void Shutdown();

 private:
  ControlPlaneServer() = default;

  std::unique_ptr<v1::ControlPlane::Service> service_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

}  // namespace fairlead::controlplane_mock
