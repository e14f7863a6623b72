#pragma once

#include <grpcpp/generic/generic_stub.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "api/credentials/mutual_tls.h"
#include "controlplane-mock/clock.h"
#include "controlplane-mock/controller.h"
#include "controlplane-mock/inbox.h"

namespace fairlead::controlplane_mock {

// Dials proxies that listen (DataPlane.Connect), one stream to each, and again when a stream has ended: at once after a
// stream that lasted, else after a pause that doubles from 100 ms to 5 s. Owned by the Application, for its thread;
// gRPC's threads reach the controller through the inbox.
class DataPlaneDialer {
 public:
  static constexpr std::chrono::milliseconds kShortestPause{100};
  static constexpr std::chrono::milliseconds kLongestPause{5000};

  // "HOST:PORT" or "unix:PATH" each, the former by mTLS where `tls` is given. `inbox` and `controller` outlive the
  // dialer.
  DataPlaneDialer(const std::vector<std::string>& addresses, Inbox* inbox, Controller* controller,
                  const api::MutualTls& tls = {});
  // After Shutdown, when done() is true.
  ~DataPlaneDialer();
  DataPlaneDialer(const DataPlaneDialer&) = delete;
  DataPlaneDialer& operator=(const DataPlaneDialer&) = delete;

  // Whether proxies are to be dialled (they are at first); streams that are open stay open.
  void SetWanted(bool wanted);
  // Dials where it is time to. At first, and at NextDeadline() or later.
  void OnTime(TimePoint now);
  TimePoint NextDeadline() const;

  // Dials no more and ends all streams; they are gone after some further runs of the inbox.
  void Shutdown();
  bool done() const;

 private:
  class DialledStream;

  // One proxy.
  struct Target {
    std::unique_ptr<grpc::GenericStub> stub;
    DialledStream* stream = nullptr;  // deletes itself
    TimePoint dialled{};
    TimePoint dial_next = TimePoint::min();
    std::chrono::milliseconds pause{0};
  };

  void OnDeleted(size_t target);

  Inbox* const inbox_;
  Controller* const controller_;
  std::vector<Target> targets_;
  bool wanted_ = true;
  bool shut_down_ = false;
};

}  // namespace fairlead::controlplane_mock
