#include "controlplane-mock/data_plane_dialer.h"

#include <grpc/grpc.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>

#include <algorithm>
#include <random>
#include <utility>

#include "absl/strings/match.h"
#include "api/credentials/credentials.h"
#include "controlplane-mock/queued_stream.h"

namespace fairlead::controlplane_mock {
namespace {

using DiallingReactor = grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>;

std::shared_ptr<grpc::Channel> CreateChannel(const std::string& address, const api::MutualTls& tls) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, DataPlaneDialer::kShortestPause.count());
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, DataPlaneDialer::kShortestPause.count());
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, DataPlaneDialer::kLongestPause.count());
  arguments.SetMaxReceiveMessageSize(-1);
  const auto credentials =
      api::MakeChannelCredentials(absl::StartsWith(address, "unix:") ? api::MutualTls{} : tls, arguments);
  return grpc::CreateCustomChannel(address, credentials, arguments);
}

}  // namespace

class DataPlaneDialer::DialledStream final : public QueuedStream<DiallingReactor> {
 public:
  DialledStream(Inbox* inbox, Controller* controller, DataPlaneDialer* dialer, size_t target)
      : QueuedStream(inbox, controller), dialer_(dialer), target_(target) {}

  void Start(grpc::GenericStub& stub) {
    context_.set_wait_for_ready(true);
    stub.PrepareBidiStreamingCall(&context_, "/fairlead.v1.DataPlane/Connect", {}, this);
    AddHold();  // the controller's thread starts operations until Finish
    ResumeReading();
    StartCall();
  }

 private:
  void OnDone(const grpc::Status& status) override {
    Close(absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message()));
  }
  void FinishStream(const absl::Status& reason) override {
    if (!reason.ok()) context_.TryCancel();  // else the peer has ended it, and its status is on the way
    RemoveHold();
  }
  bool SaysWhy() const override { return false; }
  void Cancel() override { context_.TryCancel(); }
  void OnDeletion() override { dialer_->OnDeleted(target_); }

  DataPlaneDialer* const dialer_;
  const size_t target_;
  grpc::ClientContext context_;
};

DataPlaneDialer::DataPlaneDialer(const std::vector<std::string>& addresses, Inbox* inbox, Controller* controller,
                                 const api::MutualTls& tls)
    : inbox_(inbox), controller_(controller) {
  for (const std::string& address : addresses) {
    targets_.push_back({.stub = std::make_unique<grpc::GenericStub>(CreateChannel(address, tls))});
  }
}

DataPlaneDialer::~DataPlaneDialer() = default;

void DataPlaneDialer::SetWanted(bool wanted) {
  if (wanted && !wanted_) {
    for (Target& target : targets_) target.dial_next = TimePoint::min();
  }
  wanted_ = wanted;
}

void DataPlaneDialer::OnTime(TimePoint now) {
  if (shut_down_ || !wanted_) return;
  for (size_t i = 0; i < targets_.size(); ++i) {
    Target& target = targets_[i];
    if (target.stream != nullptr || now < target.dial_next) continue;
    target.dialled = now;
    target.stream = new DialledStream(inbox_, controller_, this, i);
    target.stream->Start(*target.stub);
  }
}

TimePoint DataPlaneDialer::NextDeadline() const {
  TimePoint next = TimePoint::max();
  for (const Target& target : targets_) {
    if (target.stream == nullptr && wanted_ && !shut_down_) next = std::min(next, target.dial_next);
  }
  return next;
}

void DataPlaneDialer::OnDeleted(size_t index) {
  Target& target = targets_[index];
  target.stream = nullptr;
  const TimePoint now = Clock::now();
  const bool lasted = now - target.dialled > kLongestPause;
  target.pause = lasted ? std::chrono::milliseconds(0) : std::clamp(2 * target.pause, kShortestPause, kLongestPause);
  target.dial_next = now + target.pause;
}

void DataPlaneDialer::Shutdown() {
  shut_down_ = true;
  for (Target& target : targets_) {
    if (target.stream != nullptr) target.stream->End(absl::UnavailableError("the controller is ending"));
  }
}

bool DataPlaneDialer::done() const {
  return std::all_of(targets_.begin(), targets_.end(), [](const Target& target) { return target.stream == nullptr; });
}

}  // namespace fairlead::controlplane_mock
