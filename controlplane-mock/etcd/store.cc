#include "controlplane-mock/etcd/store.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "api/credentials/mutual_tls.h"

namespace fairlead::controlplane_mock::etcd {
namespace {

std::string Text(const absl::Status& status) { return std::string(status.message()); }

}  // namespace

Store::Store(StoreSettings settings, Inbox* inbox, std::function<void(const std::string&)> print)
    : settings_(std::move(settings)),
      print_(std::move(print)),
      client_(settings_.address.members, settings_.tls, inbox),
      view_(settings_.address.prefix) {}

void Store::OnTime(TimePoint now) {
  if (resigning_) return;
  if (!watching_ && !reading_ && now >= connect_next_) {
    if (must_read_) {
      ReadAll();
    } else {
      WatchOn();
    }
  }
  if (!lease_call_is_out_ && now >= lease_call_next_) {
    if (lease_.id() == 0) {
      Grant(now);
    } else if (now >= lease_.renew_at()) {
      Renew(now);
    }
  }
  if (CanBeElected(now)) StandForElection();
}

TimePoint Store::NextDeadline() const {
  if (resigning_) return TimePoint::max();
  TimePoint next = TimePoint::max();
  if (!watching_ && !reading_) next = connect_next_;
  if (!lease_call_is_out_) {
    next = std::min(next, lease_.id() == 0 ? lease_call_next_ : std::max(lease_call_next_, lease_.renew_at()));
  }
  return next;
}

bool Store::TakeChange() {
  if (view_.revision() == 0 || taken_ == view_.documents()) return false;
  taken_ = view_.documents();
  return true;
}

bool Store::is_leader() const {
  return lease_.id() != 0 && view_.leader().has_value() && view_.leader()->lease == lease_.id();
}

void Store::ReadAll() {
  reading_ = true;
  etcdserverpb::RangeRequest request;
  request.set_key(view_.begin());
  request.set_range_end(view_.end());
  client_.Read(std::move(request), kReadTimeout,
               [this, connection = connection_](absl::StatusOr<etcdserverpb::RangeResponse> response) {
                 if (connection != connection_) return;
                 if (!response.ok()) return Reconnect(connection, Text(response.status()));
                 reading_ = false;
                 view_.Read(*response);
                 must_read_ = false;
                 decided_revision_ = 0;
                 WatchOn();
               });
}

void Store::WatchOn() {
  watching_ = true;
  etcdserverpb::WatchCreateRequest request;
  request.set_key(view_.begin());
  request.set_range_end(view_.end());
  request.set_start_revision(view_.revision() + 1);
  const uint64_t connection = connection_;
  client_.Watch(
      request, [this, connection](const etcdserverpb::WatchResponse& response) { OnWatched(response, connection); },
      [this, connection](const absl::Status& reason) { Reconnect(connection, Text(reason)); });
}

void Store::OnWatched(const etcdserverpb::WatchResponse& response, uint64_t connection) {
  if (response.canceled()) {
    if (response.compact_revision() == 0) return Reconnect(connection, response.cancel_reason());
    return ReadAnew("what came after it is compacted away");
  }
  // It would wait for that revision to come again. (A cluster that was restored from a backup.)
  if (response.created() && response.header().revision() < view_.revision()) {
    return ReadAnew(absl::StrCat("the store is only at ", response.header().revision()));
  }
  view_.Apply(response);
  if (error_.empty()) return;
  error_.clear();
  pause_ = std::chrono::milliseconds(0);
  print_(absl::StrCat("store: ", member(), " is followed from revision ", view_.revision(), " with ",
                      view_.documents().size(), view_.documents().size() == 1 ? " document" : " documents"));
}

void Store::ReadAnew(const std::string& why) {
  print_(absl::StrCat("store: revision ", view_.revision(), " can't be followed, reading anew: ", why));
  client_.StopWatching();
  watching_ = false;
  must_read_ = true;
}

void Store::Grant(TimePoint now) {
  lease_call_is_out_ = true;
  client_.Grant(settings_.lease_ttl.count(), LeaseTimeout(),
                [this, now, connection = connection_](absl::StatusOr<etcdserverpb::LeaseGrantResponse> response) {
                  lease_call_is_out_ = false;
                  if (!response.ok()) return LeaseCallFailed(connection, response.status());
                  if (resigning_) return;  // it ends by itself
                  lease_.Granted(response->id(), std::chrono::seconds(response->ttl()), now);
                });
}

void Store::Renew(TimePoint now) {
  lease_call_is_out_ = true;
  client_.KeepAlive(
      lease_.id(), LeaseTimeout(),
      [this, now, connection = connection_](absl::StatusOr<etcdserverpb::LeaseKeepAliveResponse> response) {
        lease_call_is_out_ = false;
        if (!response.ok()) return LeaseCallFailed(connection, response.status());
        if (response->ttl() > 0) return lease_.KeptAlive(std::chrono::seconds(response->ttl()), now);
        print_("store: the lease is over");
        lease_.Lost();
      });
}

void Store::LeaseCallFailed(uint64_t connection, const absl::Status& reason) {
  lease_call_next_ = Clock::now() + kShortestPause;
  Reconnect(connection, Text(reason));
}

bool Store::CanBeElected(TimePoint now) const {
  return stands_ && error_.empty() && !standing_ && !view_.leader().has_value() &&
         view_.revision() >= decided_revision_ && now < lease_.safe_until();
}

void Store::StandForElection() {
  standing_ = true;
  etcdserverpb::TxnRequest request;
  etcdserverpb::Compare& nobody_leads = *request.add_compare();
  nobody_leads.set_key(view_.leader_key());
  nobody_leads.set_target(etcdserverpb::Compare::CREATE);
  nobody_leads.set_result(etcdserverpb::Compare::EQUAL);
  nobody_leads.set_create_revision(0);
  etcdserverpb::PutRequest& put = *request.add_success()->mutable_request_put();
  put.set_key(view_.leader_key());
  put.set_value(StoreView::LeaderValue(settings_.name, settings_.listening_on));
  put.set_lease(lease_.id());
  client_.Write(std::move(request), LeaseTimeout(),
                [this, connection = connection_](absl::StatusOr<etcdserverpb::TxnResponse> response) {
                  standing_ = false;
                  // Whoever was elected, the watch will show it.
                  if (response.ok()) {
                    decided_revision_ = response->header().revision();
                  } else if (absl::IsNotFound(response.status())) {
                    lease_.Lost();
                  } else {
                    Reconnect(connection, Text(response.status()));
                  }
                });
}

void Store::Reconnect(uint64_t connection, const std::string& reason) {
  if (connection != connection_ || resigning_ || !(reading_ || watching_)) return;
  ++connection_;
  client_.StopWatching();
  reading_ = watching_ = false;
  // What has been followed until now speaks TLS as it should.
  std::string error = error_.empty() ? reason : api::ExplainFailure(reason, settings_.tls, "--store_");
  if (error.empty()) error = "for no reason that was given";
  if (error_ != error) print_(absl::StrCat("store: ", member(), " is lost: ", error));
  error_ = std::move(error);
  client_.UseNextMember();
  connect_next_ = Clock::now() + pause_;
  pause_ = std::clamp(2 * pause_, kShortestPause, kLongestPause);
}

void Store::Resign() {
  resigning_ = true;
  client_.StopWatching();
  if (lease_.id() == 0) return;
  client_.Revoke(lease_.id(), LeaseTimeout(),
                 [this](const absl::StatusOr<etcdserverpb::LeaseRevokeResponse>&) { lease_.Lost(); });
}

void Store::Shutdown() {
  resigning_ = true;
  client_.Shutdown();
}

}  // namespace fairlead::controlplane_mock::etcd
