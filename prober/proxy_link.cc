#include "prober/proxy_link.h"

#include <poll.h>

#include <algorithm>
#include <random>
#include <utility>

#include "api/yaml/concat.h"
#include "ctl/address.h"
#include "ctl/connection.h"
#include "ctl/stream_limits.h"
#include "dataplane/base/backoff.h"
#include "fairlead/v1/control.grpc.pb.h"

namespace fairlead::prober {
namespace {

constexpr size_t kMaxBatch = 1'000;
// How long a proxy that has come back may go unnoticed.
constexpr uint64_t kMaxBackoffMs = 2'000;
constexpr std::chrono::seconds kRefusalsToldEvery(10);

}  // namespace

ProxyLink::ProxyLink(event::Loop* loop, Options options, Callbacks callbacks)
    : loop_(loop), options_(std::move(options)), callbacks_(std::move(callbacks)) {
  reporter_ = std::thread([this] { Report(); });
  if (options_.watches) watcher_ = std::thread([this] { Watch(); });
}

ProxyLink::~ProxyLink() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  filled_.notify_all();
  reporter_.join();
  if (watcher_.joinable()) watcher_.join();
}

void ProxyLink::Put(std::shared_ptr<const Vote> vote) {
  {
    const std::lock_guard lock(mutex_);
    outbox_.Put(std::move(vote));
  }
  filled_.notify_one();
}

bool ProxyLink::WaitForStop(std::chrono::milliseconds time) const {
  pollfd descriptor = {.fd = options_.stop, .events = POLLIN, .revents = 0};
  poll(&descriptor, 1, static_cast<int>(time.count()));
  return descriptor.revents != 0;
}

void ProxyLink::Repeat(std::string_view what, absl::AnyInvocable<absl::Status(bool& heard)> once) {
  base::Backoff backoff(std::random_device{}(), kMaxBackoffMs);
  bool told = false;
  while (!WaitForStop(std::chrono::milliseconds(0))) {
    bool heard = false;
    const absl::Status end = once(heard);
    if (WaitForStop(std::chrono::milliseconds(0))) return;
    if (heard) backoff.Reset();
    // A proxy that stays away is spoken of once.
    if (heard || !told) {
      callbacks_.log(api::Concat("proxy ", options_.address, ": ", what, " lost: ", std::string(end.message())));
    }
    told = true;
    if (WaitForStop(std::chrono::milliseconds(backoff.NextDelayMs()))) return;
  }
}

void ProxyLink::Watch() {
  Repeat("watch", [this](bool& heard) { return WatchOnce(heard); });
}

absl::Status ProxyLink::WatchOnce(bool& heard) {
  const auto connection =
      ctl::Connection::Open({.address = options_.address,
                             .tls = options_.tls,
                             .timeout = std::max<std::chrono::nanoseconds>(options_.timeout, std::chrono::seconds(10)),
                             .interrupts = options_.stop});
  if (!connection.ok()) return connection.status();
  v1::ToProxy request;
  request.mutable_watch()->set_request_id("fairlead_prober");
  request.mutable_watch()->mutable_filter()->set_without_status(true);
  if (absl::Status sent = (*connection)->Send(request); !sent.ok()) return sent;
  ServerList servers;
  while (true) {
    const absl::StatusOr<v1::FromProxy> message = (*connection)->Receive();
    if (!message.ok()) return message.status();
    if (!message->has_state_report()) continue;
    heard = true;
    (*connection)->LiftTimeout();
    if (servers.Apply(message->state_report())) TellServers(std::make_shared<const ServerList>(servers));
  }
}

void ProxyLink::TellServers(std::shared_ptr<const ServerList> servers) {
  loop_->mailbox().Post([this, servers = std::move(servers)]() mutable { callbacks_.on_servers(std::move(servers)); });
}

void ProxyLink::TellReach(bool reached) {
  loop_->mailbox().Post([this, reached] { callbacks_.on_reach(reached); });
}

void ProxyLink::Report() {
  Repeat("reports", [this](bool& heard) { return ReportOnce(heard); });
}

absl::Status ProxyLink::ReportOnce(bool& heard) {
  const auto channel = ctl::MakeChannel(options_.address, options_.tls);
  if (!channel.ok()) return channel.status();
  const auto stub = v1::HealthIngest::NewStub(*channel);
  grpc::ClientContext context;
  ctl::StreamLimits limits(options_.timeout, options_.stop, [&context] { context.TryCancel(); });
  const auto stream = stub->Report(&context);
  v1::HealthReportAnswer answer;
  while (true) {
    const v1::HealthReportBatch batch = NextBatch(!heard);
    limits.NoteHeard();  // what was silent until here was this end
    if (!heard) limits.SetSilence(options_.timeout);
    if (!stream->Write(batch) || !stream->Read(&answer)) break;
    limits.NoteHeard();
    if (!heard) {
      heard = true;
      limits.LiftTimeout();
      callbacks_.log(api::Concat("proxy ", options_.address, ": takes reports"));
      TellReach(true);
    }
    NoteAnswer(answer, batch.reports_size());
  }
  limits.Stop();
  context.TryCancel();
  const grpc::Status status = stream->Finish();
  if (heard) {
    TellReach(false);
    ++counters_.lost;
  }
  if (limits.end() == ctl::StreamEnd::kSilent || limits.end() == ctl::StreamEnd::kTimedOut) {
    return ctl::NoAnswerError(options_.address, options_.timeout);
  }
  if (status.ok()) return absl::UnavailableError("the proxy ended the stream");
  const std::string why = ctl::WhyUnreachable(status.error_message());
  const bool may_be_tls = !heard && !options_.address.starts_with("unix:");
  return absl::UnavailableError(may_be_tls ? api::ExplainFailure(why, options_.tls, "--") : why);
}

v1::HealthReportBatch ProxyLink::NextBatch(bool first) {
  std::unique_lock lock(mutex_);
  if (first) {
    // The empty one finds out whether anybody is there.
    outbox_.Begin();
  } else {
    outbox_.OnAnswered();
    filled_.wait_for(lock, options_.timeout / 4, [this] { return stopping_ || !outbox_.empty(); });
  }
  v1::HealthReportBatch batch = outbox_.Take(first ? 0 : kMaxBatch, std::chrono::steady_clock::now(), sequence_);
  lock.unlock();
  for (v1::HealthReport& report : *batch.mutable_reports()) {
    report.set_reporter(options_.reporter);
    report.set_incarnation(options_.incarnation);
  }
  return batch;
}

void ProxyLink::NoteAnswer(const v1::HealthReportAnswer& answer, int sent) {
  counters_.sent += static_cast<uint64_t>(sent);
  counters_.refused += static_cast<uint64_t>(answer.errors_size());
  const auto now = std::chrono::steady_clock::now();
  if (answer.errors_size() == 0 || now - refusal_told_at_ < kRefusalsToldEvery) return;
  refusal_told_at_ = now;
  callbacks_.log(api::Concat("proxy ", options_.address, ": refused ", answer.errors_size(), " of ", sent,
                             " reports, the first: ", answer.errors(0).message()));
}

}  // namespace fairlead::prober
