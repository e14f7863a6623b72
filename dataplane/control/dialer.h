#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "api/credentials/mutual_tls.h"
#include "dataplane/base/backoff.h"
#include "dataplane/control/control_core.h"
#include "dataplane/event/loop.h"
#include "dataplane/event/timer_wheel.h"
#include "dataplane/net/address.h"

namespace fairlead::control {

class ControllerStream;

// Keeps a conversation with one of several controllers (--control): dials them in their order until one answers, and
// all over again when that one is lost, which a session notices by its silence at the latest. After each round without
// success it waits, longer each time (Backoff); a conversation that lasted a while makes it begin anew.
//
// On the control thread; neither `core` nor `loop` ends before it. Its end cuts off what is open, and waits for gRPC's
// threads to be done with it.
class Dialer {
 public:
  // `addresses`: at least one, each "IP:port" or "localhost:port", beyond loopback only with `tls`, which all of these
  // speak then, or "unix:/path"; INVALID_ARGUMENT for others. Dials the first at once. `log` gets a line for operators
  // when a controller is lost or was not reached.
  static absl::StatusOr<std::unique_ptr<Dialer>> Create(const std::vector<std::string>& addresses, ControlCore* core,
                                                        event::Loop* loop,
                                                        absl::AnyInvocable<void(std::string_view line)> log,
                                                        api::MutualTls tls = {});
  ~Dialer();
  Dialer(const Dialer&) = delete;
  Dialer& operator=(const Dialer&) = delete;

  // The controller that speaks to the proxy now; null: none does.
  const net::Address* controller() const;

  // How long a conversation must have lasted to count as a success.
  static constexpr uint64_t kSettledMs = 10'000;

 private:
  Dialer(std::vector<net::Address> addresses, ControlCore* core, event::Loop* loop,
         absl::AnyInvocable<void(std::string_view line)> log, api::MutualTls tls);

  void Dial();
  void OnEnded(const absl::Status& status, bool heard);

  static void OnDelayOver(void* dialer) { static_cast<Dialer*>(dialer)->Dial(); }

  const std::vector<net::Address> addresses_;
  ControlCore* const core_;
  event::Loop* const loop_;
  absl::AnyInvocable<void(std::string_view line)> log_;
  const api::MutualTls tls_;

  size_t next_ = 0;                           // of addresses_
  std::shared_ptr<ControllerStream> stream_;  // null while it waits
  uint64_t dialled_at_ms_ = 0;
  base::Backoff backoff_;
  event::Timer delay_timer_{&OnDelayOver, this};
};

}  // namespace fairlead::control
