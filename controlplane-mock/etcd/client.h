#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/credentials/mutual_tls.h"
#include "controlplane-mock/etcd/rpc.grpc.pb.h"
#include "controlplane-mock/inbox.h"

namespace fairlead::controlplane_mock::etcd {

// Calls etcd's v3 API at one of a cluster's members at a time. Every call is answered once, through the inbox, on the
// thread that runs it; that thread alone calls the functions below. What fails is not tried again here.
//
// Owned by a Store. Goes after Shutdown(), when done().
class Client {
 public:
  template <typename Response>
  using OnAnswer = absl::AnyInvocable<void(absl::StatusOr<Response>)>;

  // `members`: "HOST:PORT", at least one; by mTLS where `tls` is given. `inbox` outlives the client.
  Client(std::vector<std::string> members, const api::MutualTls& tls, Inbox* inbox);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // The one that is called.
  const std::string& member() const { return members_[current_]; }
  // From now on the next one is.
  void UseNextMember() { current_ = (current_ + 1) % members_.size(); }

  // No answer within `timeout` is DEADLINE_EXCEEDED.
  void Read(etcdserverpb::RangeRequest request, std::chrono::milliseconds timeout,
            OnAnswer<etcdserverpb::RangeResponse> on_answer);
  void Write(etcdserverpb::TxnRequest request, std::chrono::milliseconds timeout,
             OnAnswer<etcdserverpb::TxnResponse> on_answer);
  void Grant(int64_t ttl_seconds, std::chrono::milliseconds timeout,
             OnAnswer<etcdserverpb::LeaseGrantResponse> on_answer);
  void Revoke(int64_t lease, std::chrono::milliseconds timeout, OnAnswer<etcdserverpb::LeaseRevokeResponse> on_answer);
  void KeepAlive(int64_t lease, std::chrono::milliseconds timeout,
                 OnAnswer<etcdserverpb::LeaseKeepAliveResponse> on_answer);

  // Watches until `on_end` tells why it ended, or StopWatching. One watch at a time.
  void Watch(const etcdserverpb::WatchCreateRequest& request,
             std::function<void(const etcdserverpb::WatchResponse&)> on_response,
             std::function<void(const absl::Status&)> on_end);
  // Neither function is called afterwards.
  void StopWatching();

  // Gives up all calls: they are answered by CANCELLED in further runs of the inbox, and then it is done.
  void Shutdown();
  bool done() const { return open_.empty(); }

 private:
  class KeepAliveCall;
  class WatchCall;

  template <typename Request, typename Response, typename Start>
  void Begin(Request request, std::chrono::milliseconds timeout, OnAnswer<Response> on_answer, Start start);

  const std::shared_ptr<grpc::Channel>& channel() const { return channels_[current_]; }

  const std::vector<std::string> members_;
  std::vector<std::shared_ptr<grpc::Channel>> channels_;  // of members_
  Inbox* const inbox_;
  size_t current_ = 0;
  std::set<grpc::ClientContext*> open_;  // of calls without an answer
  WatchCall* watch_ = nullptr;           // deletes itself
};

}  // namespace fairlead::controlplane_mock::etcd
