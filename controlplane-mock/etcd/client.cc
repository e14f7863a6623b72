#include "controlplane-mock/etcd/client.h"

#include <grpc/grpc.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>
#include <grpcpp/support/client_callback.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "api/credentials/credentials.h"

namespace fairlead::controlplane_mock::etcd {
namespace {

// Who waits between tries is the caller; the channel itself is soon ready for the next.
constexpr int kReconnectMs = 100;
constexpr int kLongestReconnectMs = 1000;
// A connection that is dead without a word. etcd takes no pings more often than every 5 s.
constexpr int kPingMs = 10'000;
constexpr int kPingTimeoutMs = 3'000;

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& member, const api::MutualTls& tls) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kReconnectMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kLongestReconnectMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kPingMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kPingTimeoutMs);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetMaxReceiveMessageSize(-1);
  const auto credentials = api::MakeChannelCredentials(tls, arguments);
  return grpc::CreateCustomChannel(member, credentials, arguments);
}

absl::Status FromGrpc(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

// What a call needs until it is answered.
template <typename Request, typename Response>
struct Call {
  Request request;
  Client::OnAnswer<Response> on_answer;
  grpc::ClientContext context{};
  Response response{};
};

}  // namespace

// One message and its answer on a stream of their own, as etcd's own clients do it for a single renewal.
class Client::KeepAliveCall final
    : public grpc::ClientBidiReactor<etcdserverpb::LeaseKeepAliveRequest, etcdserverpb::LeaseKeepAliveResponse> {
 public:
  using Done = std::function<void(grpc::Status)>;

  KeepAliveCall(etcdserverpb::Lease::Stub& stub, grpc::ClientContext& context,
                const etcdserverpb::LeaseKeepAliveRequest& request, etcdserverpb::LeaseKeepAliveResponse& response,
                Done done)
      : context_(&context), done_(std::move(done)) {
    stub.async()->LeaseKeepAlive(&context, this);
    StartWriteLast(&request, grpc::WriteOptions());
    StartRead(&response);
    StartCall();
  }

 private:
  void OnReadDone(bool ok) override {
    answered_ = ok;
    context_->TryCancel();
  }
  void OnDone(const grpc::Status& status) override {
    const bool ended_silently = status.ok() && !answered_;
    done_(answered_        ? grpc::Status()
          : ended_silently ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "ended without an answer")
                           : status);
    delete this;
  }

  grpc::ClientContext* const context_;  // goes with done_
  const Done done_;
  bool answered_ = false;
};

class Client::WatchCall final
    : public grpc::ClientBidiReactor<etcdserverpb::WatchRequest, etcdserverpb::WatchResponse> {
 public:
  WatchCall(Client* client, std::function<void(const etcdserverpb::WatchResponse&)> on_response,
            std::function<void(const absl::Status&)> on_end)
      : client_(client), on_response_(std::move(on_response)), on_end_(std::move(on_end)) {}

  void Start(const etcdserverpb::WatchCreateRequest& request) {
    client_->open_.insert(&context_);
    // A member that has lost the others ends the watch, instead of knowing nothing new for ever.
    context_.AddMetadata("hasleader", "true");
    *request_.mutable_create_request() = request;
    stub_->async()->Watch(&context_, this);
    StartWrite(&request_);
    StartRead(&response_);
    StartCall();
  }

  void Stop() {
    stopped_ = true;
    context_.TryCancel();
  }

 private:
  void OnReadDone(bool ok) override {
    if (!ok) return;  // OnDone is next
    client_->inbox_->Post([this, response = std::exchange(response_, {})] {
      if (!stopped_) on_response_(response);
    });
    StartRead(&response_);
  }
  void OnDone(const grpc::Status& status) override {
    client_->inbox_->Post([this, status = FromGrpc(status)] {
      const std::unique_ptr<WatchCall> self(this);
      client_->open_.erase(&context_);
      if (stopped_) return;
      client_->watch_ = nullptr;
      on_end_(status.ok() ? absl::UnavailableError("the watch was ended") : status);
    });
  }

  Client* const client_;
  const std::function<void(const etcdserverpb::WatchResponse&)> on_response_;
  const std::function<void(const absl::Status&)> on_end_;
  const std::unique_ptr<etcdserverpb::Watch::Stub> stub_ = etcdserverpb::Watch::NewStub(client_->channel());
  grpc::ClientContext context_;
  etcdserverpb::WatchRequest request_;
  etcdserverpb::WatchResponse response_;  // gRPC's while a read is out
  bool stopped_ = false;                  // the client's thread alone
};

Client::Client(std::vector<std::string> members, const api::MutualTls& tls, Inbox* inbox)
    : members_(std::move(members)), inbox_(inbox) {
  for (const std::string& member : members_) channels_.push_back(MakeChannel(member, tls));
}

Client::~Client() = default;

template <typename Request, typename Response, typename Start>
void Client::Begin(Request request, std::chrono::milliseconds timeout, OnAnswer<Response> on_answer, Start start) {
  auto* const call = new Call<Request, Response>{.request = std::move(request), .on_answer = std::move(on_answer)};
  call->context.set_deadline(std::chrono::system_clock::now() + timeout);
  open_.insert(&call->context);
  start(*call, [this, call](const grpc::Status& status) {
    inbox_->Post([this, owned = std::unique_ptr<Call<Request, Response>>(call), status = FromGrpc(status)] {
      open_.erase(&owned->context);
      if (status.ok()) {
        owned->on_answer(std::move(owned->response));
      } else {
        owned->on_answer(status);
      }
    });
  });
}

void Client::Read(etcdserverpb::RangeRequest request, std::chrono::milliseconds timeout,
                  OnAnswer<etcdserverpb::RangeResponse> on_answer) {
  Begin(std::move(request), timeout, std::move(on_answer), [this](auto& call, auto done) {
    etcdserverpb::KV::NewStub(channel())->async()->Range(&call.context, &call.request, &call.response, done);
  });
}

void Client::Write(etcdserverpb::TxnRequest request, std::chrono::milliseconds timeout,
                   OnAnswer<etcdserverpb::TxnResponse> on_answer) {
  Begin(std::move(request), timeout, std::move(on_answer), [this](auto& call, auto done) {
    etcdserverpb::KV::NewStub(channel())->async()->Txn(&call.context, &call.request, &call.response, done);
  });
}

void Client::Grant(int64_t ttl_seconds, std::chrono::milliseconds timeout,
                   OnAnswer<etcdserverpb::LeaseGrantResponse> on_answer) {
  etcdserverpb::LeaseGrantRequest request;
  request.set_ttl(ttl_seconds);
  Begin(std::move(request), timeout, std::move(on_answer), [this](auto& call, auto done) {
    etcdserverpb::Lease::NewStub(channel())->async()->LeaseGrant(&call.context, &call.request, &call.response, done);
  });
}

void Client::Revoke(int64_t lease, std::chrono::milliseconds timeout,
                    OnAnswer<etcdserverpb::LeaseRevokeResponse> on_answer) {
  etcdserverpb::LeaseRevokeRequest request;
  request.set_id(lease);
  Begin(std::move(request), timeout, std::move(on_answer), [this](auto& call, auto done) {
    etcdserverpb::Lease::NewStub(channel())->async()->LeaseRevoke(&call.context, &call.request, &call.response, done);
  });
}

void Client::KeepAlive(int64_t lease, std::chrono::milliseconds timeout,
                       OnAnswer<etcdserverpb::LeaseKeepAliveResponse> on_answer) {
  etcdserverpb::LeaseKeepAliveRequest request;
  request.set_id(lease);
  Begin(std::move(request), timeout, std::move(on_answer), [this](auto& call, auto done) {
    const auto stub = etcdserverpb::Lease::NewStub(channel());
    new KeepAliveCall(*stub, call.context, call.request, call.response, std::move(done));  // deletes itself
  });
}

void Client::Watch(const etcdserverpb::WatchCreateRequest& request,
                   std::function<void(const etcdserverpb::WatchResponse&)> on_response,
                   std::function<void(const absl::Status&)> on_end) {
  watch_ = new WatchCall(this, std::move(on_response), std::move(on_end));
  watch_->Start(request);
}

void Client::StopWatching() {
  if (watch_ != nullptr) std::exchange(watch_, nullptr)->Stop();
}

void Client::Shutdown() {
  StopWatching();
  for (grpc::ClientContext* context : open_) context->TryCancel();
}

}  // namespace fairlead::controlplane_mock::etcd
