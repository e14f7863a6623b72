#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "controlplane-mock/clock.h"
#include "controlplane-mock/desired_state.h"
#include "controlplane-mock/fleet_change.h"
#include "controlplane-mock/mandate.h"
#include "controlplane-mock/proxy_event.h"
#include "controlplane-mock/proxy_session.h"
#include "controlplane-mock/proxy_stream.h"
#include "controlplane-mock/scenario.pb.h"
#include "controlplane-mock/transaction_ids.h"
#include "controlplane-mock/waiting_room.h"

namespace fairlead::controlplane_mock {

struct ControllerSettings {
  SessionSettings session{};
  // Changes of what all should serve are made at one time, or not at all.
  std::optional<FleetSettings> fleet{};
  // Of a controller that is alone.
  std::optional<uint64_t> leader_epoch{};
  // How long one that does not lead keeps a proxy that finds no leader.
  std::chrono::milliseconds patience{6000};
  // Done to every proxy, once on each stream, when it has answered what it was first sent.
  std::vector<Misbehaviour> misbehaviours{};
};

// What is known of one proxy, also while it is not connected.
struct ProxyRecord {
  std::string zone{};
  // How many streams it has; two for a proxy that dials and is dialled.
  int streams = 0;
  uint64_t revision = 0;
  std::string fingerprint{};
  // Why it last refused something, or why its stream ended; empty after the next Applied or Hello.
  std::string last_error{};
};

// All proxies and what they should serve: a session for each stream, a record for each proxy. It serves them from the
// beginning, as one that is alone, until it is told Lead or StandBy. Does no I/O. Owned by the Application; its thread
// calls everything, and is the one that events are told on.
class Controller {
 public:
  using EventSink = std::function<void(const ProxyEvent&)>;
  static uint64_t SystemTimeUs();

  // `on_event` is called during the functions below; it must not call them.
  Controller(ControllerSettings settings, TransactionIds ids, EventSink on_event,
             FleetChange::WallClock wall_clock = SystemTimeUs);

  // Brings every proxy to this. With settings.fleet, all that are connected together: until that is decided, and where
  // one of them can't, what was desired before stays.
  void SetDesired(v1::Snapshot snapshot, TimePoint now);

  // This controller is the one of several that serves proxies, until `until`, or until it is told again.
  void Lead(uint64_t epoch, TimePoint until, TimePoint now);
  // It does not, and writes nothing. `leader` describes who does, where that is known and is another: the proxies that
  // are connected are sent on to that one. Else they are kept for a while (WaitingRoom).
  void StandBy(const std::string& leader, TimePoint now);
  bool serves(TimePoint now) const { return mandate_.holds(now); }

  // A stream to a proxy began. `stream` lives until OnClosed, which comes once.
  void OnOpened(ProxyStream* stream, TimePoint now);
  void OnMessage(ProxyStream* stream, const v1::FromProxy& message, TimePoint now);
  void OnClosed(ProxyStream* stream, const absl::Status& reason);
  // At NextDeadline() or later.
  void OnTime(TimePoint now);
  // TimePoint::max() for never.
  TimePoint NextDeadline() const;

  // Ends every stream, with the reason.
  void EndAll(const absl::Status& reason);

  const DesiredState& desired() const { return desired_; }
  // By node id.
  const std::map<std::string, ProxyRecord>& proxies() const { return proxies_; }
  bool up_to_date(const ProxyRecord& proxy) const { return proxy.fingerprint == desired_.current()->fingerprint; }
  // One session of each connected proxy, by node id.
  std::map<std::string, ProxySession*> connected() const;

 private:
  struct Stream {
    std::unique_ptr<ProxySession> session;
    bool has_misbehaved = false;
    // When it has to go, unless this controller leads by then.
    TimePoint leaves_at = TimePoint::max();
  };

  void Desire(v1::Snapshot snapshot, TimePoint now);
  // Once every proxy has answered what it was sent before.
  void BeginFleetChangeIfDue(TimePoint now);
  void Record(const ProxyEvent& event);
  void MisbehaveIfDue(Stream& stream, TimePoint now);
  void LetWait(Stream& stream, TimePoint now);
  void SendOn(Stream& stream);

  const ControllerSettings settings_;
  TransactionIds ids_;
  const EventSink on_event_;
  DesiredState desired_;
  Mandate mandate_;
  // Set while it stands by: who leads, or "" where nobody is known to.
  std::optional<std::string> leader_;
  WaitingRoom waiting_room_;
  std::optional<FleetChange> fleet_;
  StatePtr next_;  // for the fleet; null: nothing waits
  std::map<ProxyStream*, Stream> streams_;
  std::map<std::string, ProxyRecord> proxies_;
};

}  // namespace fairlead::controlplane_mock
