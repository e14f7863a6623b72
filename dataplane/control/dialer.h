#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "api/credentials/mutual_tls.h"
#include "dataplane/control/control_core.h"
#include "dataplane/control/controller_stream.h"
#include "dataplane/control/redial_pause.h"
#include "dataplane/event/loop.h"
#include "dataplane/event/timer_wheel.h"
#include "dataplane/net/address.h"

namespace fairlead::control {

// Keeps a conversation with one of several controllers (--control): dials them in their order until one answers, and
// all over again when that one is lost, which a session notices by its silence at the latest. After each round without
// success it waits (RedialPause); a conversation that lasted a while makes it begin anew.
//
// On the control thread; neither `core` nor `loop` ends before it. Its end cuts off what is open, and waits for gRPC's
// threads to be done with it.
class Dialer {
 public:
  // `addresses`: at least one, each "IP:port" or "localhost:port", beyond loopback only with `tls`, which all of these
  // speak then, or "unix:/path"; INVALID_ARGUMENT for others. Dials the first at once. `log` gets a line for operators
  // when a controller is lost or was not reached; while that happens again and again in the same way, each 10 s.
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
  void OnEnded(const ControllerStream::Ending& ending);
  void Tell(const std::string& why, std::string_view what_next);

  static void OnDelayOver(void* dialer) { static_cast<Dialer*>(dialer)->Dial(); }

  // What was last told of a controller.
  struct Told {
    std::string why;
    uint64_t at_ms = 0;
  };

  const std::vector<net::Address> addresses_;
  ControlCore* const core_;
  event::Loop* const loop_;
  absl::AnyInvocable<void(std::string_view line)> log_;
  const api::MutualTls tls_;

  size_t next_ = 0;                           // of addresses_
  std::shared_ptr<ControllerStream> stream_;  // null while it waits
  uint64_t dialled_at_ms_ = 0;
  RedialPause pause_;
  std::vector<Told> told_;  // of addresses_
  event::Timer delay_timer_{&OnDelayOver, this};
};

}  // namespace fairlead::control
