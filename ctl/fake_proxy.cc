#include "ctl/fake_proxy.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "api/diff/apply_for_test.h"
#include "api/diff/diff.h"
#include "api/fingerprint/fingerprint.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"

namespace fairlead::ctl {
namespace {

template <typename Resources>
bool Contains(const Resources& resources, const std::string& id) {
  return std::any_of(resources.begin(), resources.end(), [&](const auto& resource) { return resource.id() == id; });
}

void AddViolation(v1::Violation::Code code, const std::string& path, const std::string& message,
                  std::vector<v1::Violation>& violations) {
  v1::Violation& violation = violations.emplace_back();
  violation.set_code(code);
  violation.set_path(path);
  violation.set_message(message);
}

v1::Backend& FindOrAddBackend(const v1::Snapshot& state, const std::string& id, v1::Snapshot& config) {
  for (v1::Backend& backend : *config.mutable_backends()) {
    if (backend.id() == id) return backend;
  }
  v1::Backend& added = *config.add_backends();
  for (const v1::Backend& backend : state.backends()) {
    if (backend.id() == id) added = backend;
  }
  added.clear_servers();
  return added;
}

void AddRemoved(v1::RemovedResource::Kind kind, const std::string& backend, const std::string& id,
                v1::StateReport& report) {
  v1::RemovedResource& removed = *report.add_removed();
  removed.set_kind(kind);
  removed.set_backend(backend);
  removed.set_id(id);
}

// What one operation contributes to an incremental report.
void AddChange(const v1::Operation& operation, const v1::Snapshot& state, v1::StateReport& report) {
  v1::Snapshot& config = *report.mutable_config();
  switch (operation.operation_case()) {
    case v1::Operation::kUpsertListener:
      *config.add_listeners() = operation.upsert_listener();
      return;
    case v1::Operation::kUpsertRouteTable:
      *config.add_route_tables() = operation.upsert_route_table();
      return;
    case v1::Operation::kUpsertBackend:
      FindOrAddBackend(state, operation.upsert_backend().id(), config);
      return;
    case v1::Operation::kUpsertServer:
      *FindOrAddBackend(state, operation.upsert_server().backend(), config).add_servers() =
          operation.upsert_server().server();
      return;
    case v1::Operation::kSetHealth:
      *config.add_health() = operation.set_health();
      return;
    case v1::Operation::kRemoveListener:
      return AddRemoved(v1::RemovedResource::LISTENER, "", operation.remove_listener(), report);
    case v1::Operation::kRemoveRouteTable:
      return AddRemoved(v1::RemovedResource::ROUTE_TABLE, "", operation.remove_route_table(), report);
    case v1::Operation::kRemoveBackend:
      return AddRemoved(v1::RemovedResource::BACKEND, "", operation.remove_backend(), report);
    case v1::Operation::kRemoveServer:
      return AddRemoved(v1::RemovedResource::SERVER, operation.remove_server().backend(),
                        operation.remove_server().server(), report);
    default:
      return;
  }
}

}  // namespace

// One stream of DataPlane. The handler's thread reads and answers; one of its own tells what a watch asked for.
class FakeProxy::Conversation {
 public:
  Conversation(FakeProxy& proxy, grpc::ServerReaderWriter<v1::FromProxy, v1::ToProxy>& stream)
      : proxy_(proxy), stream_(stream) {}

  ~Conversation() {
    {
      const std::lock_guard lock(proxy_.mutex_);
      ended_ = true;
    }
    proxy_.changed_.notify_all();
    if (watcher_.joinable()) watcher_.join();
  }

  void Run(const grpc::ServerContext& context) {
    if (proxy_.behaviour_.says_hello) {
      v1::FromProxy hello;
      *hello.mutable_hello() = proxy_.MakeHello();
      Write(hello);
    }
    if (!proxy_.behaviour_.reads) return WaitForEnd(context);
    v1::ToProxy message;
    while (stream_.Read(&message)) Take(message);
  }

 private:
  static void WaitForEnd(const grpc::ServerContext& context) {
    // gRPC's synchronous server tells a handler that its stream was cancelled only when it asks.
    while (!context.IsCancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }

  void Take(const v1::ToProxy& message) {
    if (message.has_heartbeat()) {
      const std::lock_guard lock(proxy_.mutex_);
      ++proxy_.heartbeats_;
      proxy_.changed_.notify_all();
      return;
    }
    if (!proxy_.behaviour_.answers) return;
    if (message.has_transaction()) Write(proxy_.Apply(message.transaction()));
    if (message.has_get()) {
      v1::FromProxy answer;
      *answer.mutable_state_report() = proxy_.MakeReport(message.get().filter());
      answer.mutable_state_report()->set_request_id(message.get().request_id());
      Write(answer);
    }
    if (message.has_get_explanation()) {
      v1::FromProxy answer;
      *answer.mutable_explanation() = proxy_.FindExplanation(message.get_explanation());
      Write(answer);
    }
    if (message.has_watch()) watcher_ = std::thread([this, filter = message.watch().filter()] { Watch(filter); });
  }

  void Watch(const v1::StateFilter& filter) {
    v1::StateReport last;
    uint64_t told = 0;
    while (true) {
      v1::FromProxy message;
      {
        std::unique_lock lock(proxy_.mutex_);
        proxy_.changed_.wait(lock, [&] { return ended_ || told == 0 || proxy_.version_ != told; });
        if (ended_) return;
        const bool first = told == 0;
        told = proxy_.version_;
        lock.unlock();
        v1::StateReport now = proxy_.MakeReport(filter);
        *message.mutable_state_report() = first ? now : Increment(last, now);
        last = std::move(now);
      }
      Write(message);
    }
  }

  static v1::StateReport Increment(const v1::StateReport& last, const v1::StateReport& now) {
    v1::StateReport report = now;
    report.set_incremental(true);
    report.clear_config();
    for (const v1::Operation& operation : api::Diff(last.config(), now.config())) {
      AddChange(operation, now.config(), report);
    }
    return report;
  }

  void Write(const v1::FromProxy& message) {
    const std::lock_guard lock(write_mutex_);
    stream_.Write(message);
  }

  FakeProxy& proxy_;
  grpc::ServerReaderWriter<v1::FromProxy, v1::ToProxy>& stream_;
  std::mutex write_mutex_;
  std::thread watcher_;
  bool ended_ = false;  // under proxy_.mutex_
};

FakeProxy::FakeProxy(Behaviour behaviour)
    : behaviour_(std::move(behaviour)), version_(1), others_to_come_(behaviour_.others_come_first) {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(static_cast<v1::DataPlane::Service*>(this));
  builder.RegisterService(static_cast<v1::HealthIngest::Service*>(this));
  server_ = builder.BuildAndStart();
  address_ = "127.0.0.1:" + std::to_string(port);
}

// At once: streams that are open are cancelled.
FakeProxy::~FakeProxy() { server_->Shutdown(std::chrono::system_clock::now()); }

grpc::Status FakeProxy::Connect(grpc::ServerContext* context,
                                grpc::ServerReaderWriter<v1::FromProxy, v1::ToProxy>* stream) {
  Conversation(*this, *stream).Run(*context);
  return grpc::Status::OK;
}

grpc::Status FakeProxy::Report(grpc::ServerContext*,
                               grpc::ServerReaderWriter<v1::HealthReportAnswer, v1::HealthReportBatch>* stream) {
  v1::HealthReportBatch batch;
  while (stream->Read(&batch)) {
    if (!behaviour_.answers) continue;
    v1::HealthReportAnswer answer;
    answer.set_batch_id(batch.batch_id());
    if (behaviour_.report_error.empty()) {
      answer.set_accepted(static_cast<uint32_t>(batch.reports_size()));
      const std::lock_guard lock(mutex_);
      reports_.insert(reports_.end(), batch.reports().begin(), batch.reports().end());
    } else {
      answer.add_errors()->set_message(behaviour_.report_error);
    }
    stream->Write(answer);
  }
  return grpc::Status::OK;
}

v1::Hello FakeProxy::MakeHello() const {
  const std::lock_guard lock(mutex_);
  v1::Hello hello;
  hello.set_protocol_version(behaviour_.protocol_version);
  hello.set_node_id("node-1");
  hello.set_version("0.1.0");
  hello.set_revision(revision_);
  hello.set_fingerprint(api::OfSnapshot(state_).ToHex());
  hello.set_heartbeat_interval_ms(behaviour_.heartbeat_interval_ms);
  hello.set_heartbeat_timeout_ms(behaviour_.heartbeat_timeout_ms);
  return hello;
}

v1::FromProxy FakeProxy::Apply(const v1::Transaction& transaction) {
  const std::lock_guard lock(mutex_);
  transactions_.push_back(transaction);
  if (others_to_come_ > 0) {
    --others_to_come_;
    ++revision_;
  }
  v1::FromProxy answer;
  const std::vector<v1::Violation> violations = FindViolations(transaction);
  if (!violations.empty()) {
    answer.mutable_rejected()->set_transaction_id(transaction.id());
    answer.mutable_rejected()->set_revision(revision_);
    answer.mutable_rejected()->mutable_violations()->Add(violations.begin(), violations.end());
    return answer;
  }

  v1::Snapshot next =
      transaction.has_snapshot()
          ? transaction.snapshot()
          : api::ApplyForTest(state_, {transaction.operations().begin(), transaction.operations().end()});
  const size_t changes = api::Diff(state_, next).size();
  v1::Applied& applied = *answer.mutable_applied();
  applied.set_transaction_id(transaction.id());
  applied.set_dry_run(transaction.dry_run());
  applied.set_revision(changes == 0 ? revision_ : revision_ + 1);
  applied.set_fingerprint(api::OfSnapshot(next).ToHex());
  applied.set_changed(static_cast<uint32_t>(changes));
  applied.mutable_duration()->set_nanos(1'500'000);
  if (changes > 0 && !transaction.dry_run()) ReplaceState(std::move(next));
  return answer;
}

std::vector<v1::Violation> FakeProxy::FindViolations(const v1::Transaction& transaction) const {
  std::vector<v1::Violation> violations = behaviour_.violations;
  if (transaction.has_base_revision() && transaction.base_revision() != revision_) {
    AddViolation(
        v1::Violation::STALE_BASE_REVISION, "base_revision",
        "is " + std::to_string(transaction.base_revision()) + ", but " + std::to_string(revision_) + " is served",
        violations);
  }
  for (const v1::Operation& operation : transaction.operations()) {
    const std::string& backend = operation.upsert_server().backend();
    const bool added = std::any_of(transaction.operations().begin(), transaction.operations().end(),
                                   [&](const v1::Operation& other) { return other.upsert_backend().id() == backend; });
    if (operation.has_upsert_server() && !added && !Contains(state_.backends(), backend)) {
      AddViolation(v1::Violation::NOT_FOUND, "backends[\"" + backend + "\"]", "no such backend", violations);
    }
  }
  return violations;
}

void FakeProxy::ReplaceState(v1::Snapshot state) {
  state_ = std::move(state);
  ++revision_;
  ++version_;
  changed_.notify_all();
}

void FakeProxy::SetState(v1::Snapshot state) {
  const std::lock_guard lock(mutex_);
  ReplaceState(std::move(state));
}

void FakeProxy::SetServerStatus(const v1::ServerStatus& status) {
  const std::lock_guard lock(mutex_);
  std::erase_if(servers_, [&](const v1::ServerStatus& old) {
    return old.backend() == status.backend() && old.server() == status.server();
  });
  servers_.push_back(status);
  ++version_;
  changed_.notify_all();
}

void FakeProxy::SetBackendStatus(const v1::BackendStatus& status) {
  const std::lock_guard lock(mutex_);
  backends_.push_back(status);
}

void FakeProxy::SetListenerStatus(const v1::ListenerStatus& status) {
  const std::lock_guard lock(mutex_);
  listeners_.push_back(status);
}

void FakeProxy::SetWorkerStatus(const v1::WorkerStatus& status) {
  const std::lock_guard lock(mutex_);
  workers_.push_back(status);
}

void FakeProxy::SetExplanation(const v1::Explanation& explanation) {
  const std::lock_guard lock(mutex_);
  explanation_ = explanation;
}

v1::Explanation FakeProxy::FindExplanation(const v1::GetExplanation& get) const {
  const std::lock_guard lock(mutex_);
  if (get.backend() == explanation_.backend() && get.server() == explanation_.server()) return explanation_;
  v1::Explanation none;
  none.set_error("no such server");
  return none;
}

v1::StateReport FakeProxy::MakeReport(const v1::StateFilter& filter) const {
  const std::lock_guard lock(mutex_);
  const auto passes = [&](const std::string& backend) {
    return filter.backends().empty() ||
           std::find(filter.backends().begin(), filter.backends().end(), backend) != filter.backends().end();
  };
  v1::StateReport report;
  report.set_revision(revision_);
  report.set_fingerprint(api::OfSnapshot(state_).ToHex());
  if (!filter.without_config()) {
    v1::Snapshot& config = *report.mutable_config();
    config = state_;
    config.clear_backends();
    for (const v1::Backend& backend : state_.backends()) {
      if (passes(backend.id())) *config.add_backends() = backend;
    }
  }
  if (!filter.without_status()) {
    report.mutable_listeners()->Add(listeners_.begin(), listeners_.end());
    report.mutable_workers()->Add(workers_.begin(), workers_.end());
    for (const v1::BackendStatus& status : backends_) {
      if (passes(status.id())) *report.add_backends() = status;
    }
    for (const v1::ServerStatus& status : servers_) {
      if (passes(status.backend())) *report.add_servers() = status;
    }
  }
  return report;
}

v1::Snapshot FakeProxy::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

std::vector<v1::Transaction> FakeProxy::transactions() const {
  const std::lock_guard lock(mutex_);
  return transactions_;
}

std::vector<v1::HealthReport> FakeProxy::reports() const {
  const std::lock_guard lock(mutex_);
  return reports_;
}

bool FakeProxy::WaitForHeartbeats(int count) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return heartbeats_ >= count; });
}

}  // namespace fairlead::ctl
