#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/credentials/mutual_tls.h"
#include "controlplane-mock/clock.h"
#include "controlplane-mock/etcd/client.h"
#include "controlplane-mock/etcd/lease.h"
#include "controlplane-mock/etcd/store_address.h"
#include "controlplane-mock/etcd/store_view.h"
#include "controlplane-mock/inbox.h"

namespace fairlead::controlplane_mock::etcd {

struct StoreSettings {
  StoreAddress address{};
  api::MutualTls tls{};
  // How this controller calls itself in the store, and where proxies can dial it.
  std::string name{};
  std::string listening_on{};
  // How long a leader that has died keeps the others waiting; etcd may grant more (it has a least, often 2 s).
  std::chrono::seconds lease_ttl{5};
};

// What several controllers share: the documents at PREFIX/config/, and PREFIX/leader, which the one that leads has put
// there under its lease. One watch brings both, in the order of the store's revisions: who sees itself lead has seen
// every document that was there before.
//
// A controller stands for election while Stand(true), nobody leads, and it has a lease. It leads from when it sees its
// own key until the lease may be over (Lease), whether the store can be reached or not. Nothing that fails ends this:
// it is tried again, with pauses up to two seconds, at the next member of the cluster.
//
// Owned by the Application, for its thread; gRPC's threads reach it through the inbox. Goes after Shutdown, when
// done().
class Store {
 public:
  // `inbox` outlives the store; `print` gets a line for people when the store is found or lost.
  Store(StoreSettings settings, Inbox* inbox, std::function<void(const std::string&)> print);
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // At first, at NextDeadline() or later, and after runs of the inbox.
  void OnTime(TimePoint now);
  TimePoint NextDeadline() const;

  // Whether this controller has something to serve, so that it is of use as a leader.
  void Stand(bool stands) { stands_ = stands; }
  // Whether the documents are others than at the last call; false while nothing was read.
  bool TakeChange();

  const StoreView& view() const { return view_; }
  // Until when this controller leads; TimePoint::min() if it does not.
  TimePoint leads_until() const { return is_leader() ? lease_.safe_until() : TimePoint::min(); }
  // The leader's key is this controller's, though the lease may be over.
  bool is_leader() const;
  // The member of the cluster that is spoken to, and why that is not possible; empty if it is.
  const std::string& member() const { return client_.member(); }
  const std::string& error() const { return error_; }

  // Gives the lease back, so that another leads at once; resigned() when that is done or has failed.
  void Resign();
  bool resigned() const { return resigning_ && lease_.id() == 0; }
  void Shutdown();
  bool done() const { return client_.done(); }

 private:
  static constexpr std::chrono::milliseconds kShortestPause{100};
  static constexpr std::chrono::milliseconds kLongestPause{2000};
  static constexpr std::chrono::milliseconds kReadTimeout{5000};

  void ReadAll();
  void WatchOn();
  void OnWatched(const etcdserverpb::WatchResponse& response, uint64_t connection);
  void Grant(TimePoint now);
  void Renew(TimePoint now);
  bool CanBeElected(TimePoint now) const;
  void StandForElection();
  void ReadAnew(const std::string& why);
  // What was asked in `connection` failed: goes to the next member, unless that has happened already.
  void Reconnect(uint64_t connection, const std::string& reason);
  // … a call about the lease.
  void LeaseCallFailed(uint64_t connection, const absl::Status& reason);
  // Of calls about the lease: no answer is no answer as long as there is time for another try.
  std::chrono::milliseconds LeaseTimeout() const { return std::chrono::milliseconds(settings_.lease_ttl) / 3; }

  const StoreSettings settings_;
  const std::function<void(const std::string&)> print_;
  Client client_;
  StoreView view_;
  std::optional<Documents> taken_;  // at the last TakeChange

  // Grows when the connection changes: answers to earlier questions are of no interest then.
  uint64_t connection_ = 0;
  bool reading_ = false;
  bool watching_ = false;
  bool must_read_ = true;  // the view can't be brought on by a watch
  TimePoint connect_next_ = TimePoint::min();
  std::chrono::milliseconds pause_{0};
  std::string error_ = "not reached yet";

  Lease lease_;
  bool lease_call_is_out_ = false;
  TimePoint lease_call_next_ = TimePoint::min();

  bool stands_ = false;
  bool standing_ = false;  // an attempt has no answer yet
  // The view has to get here before another attempt makes sense.
  int64_t decided_revision_ = 0;
  bool resigning_ = false;
};

}  // namespace fairlead::controlplane_mock::etcd
