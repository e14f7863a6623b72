#include "dataplane/server/server.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "dataplane/access_log/access_log.h"
#include "dataplane/access_log/destination_spec.h"
#include "dataplane/admin/admin_server.h"
#include "dataplane/admin/endpoints.h"
#include "dataplane/admin/status.h"
#include "dataplane/base/unix_time.h"
#include "dataplane/base/version.h"
#include "dataplane/buffer/budget.h"
#include "dataplane/control/background.h"
#include "dataplane/control/control_core.h"
#include "dataplane/control/dialer.h"
#include "dataplane/control/grpc_log.h"
#include "dataplane/control/grpc_server.h"
#include "dataplane/control/listener_sockets.h"
#include "dataplane/control/memory_return.h"
#include "dataplane/control/verb_runner.h"
#include "dataplane/event/loop.h"
#include "dataplane/event/signals.h"
#include "dataplane/health/line_server.h"
#include "dataplane/net/address.h"
#include "dataplane/net/listening_socket.h"
#include "dataplane/net/reach.h"
#include "dataplane/persistence/journal.h"
#include "dataplane/server/identity_files.h"
#include "dataplane/server/machine.h"
#include "dataplane/server/pressure_log.h"
#include "dataplane/tls/handshakes.h"
#include "dataplane/worker/worker_pool.h"
#include "fairlead/v1/control.pb.h"

namespace fairlead::server {
namespace {

absl::Status ForFlag(const char* flag, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(flag, ": ", status.message()));
}

absl::StatusOr<std::vector<net::Address>> ParseAddresses(const char* flag, const std::vector<std::string>& texts) {
  std::vector<net::Address> addresses;
  for (const std::string& text : texts) {
    absl::StatusOr<net::Address> address = net::Address::Parse(text);
    if (!address.ok()) return ForFlag(flag, address.status());
    addresses.push_back(*std::move(address));
  }
  return addresses;
}

std::string HostName() {
  char name[256] = {};
  return gethostname(name, sizeof(name) - 1) == 0 ? name : "fairlead";
}

// Tells whoever started the program where it listens, at once.
void Announce(const char* what, const std::string& address) {
  std::printf("%s listening on %s\n", what, address.c_str());
  std::fflush(stdout);
}

void Complain(std::string_view line) { std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data()); }

// All parts of the program, on the control thread. Parts that use others come after them, and so end before them.
class Server {
 public:
  explicit Server(const Options& options)
      : options_(options),
        node_id_(options.node_id.empty() ? HostName() : options.node_id),
        drain_timer_([](void* self) { static_cast<Server*>(self)->loop_->Stop(); }, this),
        look_timer_([](void* self) { static_cast<Server*>(self)->LookAround(); }, this) {}

  absl::Status Start() {
    absl::StatusOr<std::unique_ptr<event::Loop>> loop = event::Loop::Create(event::IoBackend::kEpoll);
    if (!loop.ok()) return loop.status();
    loop_ = *std::move(loop);
    started_ms_ = loop_->now_ms();
    signals_.Start([this](int signal) { loop_->mailbox().Post([this, signal] { OnSignal(signal); }); });
    if (absl::Status status = OpenAccessLog(); !status.ok()) return status;
    if (absl::Status status = LoadIdentities(); !status.ok()) return status;

    const uint64_t least_bytes = kLeastBufferBytes * options_.workers;
    uint64_t buffer_bytes = options_.max_buffer_bytes;
    if (buffer_bytes == 0) buffer_bytes = std::max(MemoryLimitBytes() / 4, least_bytes);
    if (buffer_bytes < least_bytes) {
      return absl::InvalidArgumentError(
          absl::StrCat("--max_buffer_bytes: ", options_.workers, " workers need ", least_bytes, " or more"));
    }
    budget_.emplace(buffer_bytes);
    descriptor_limit_ = RaiseDescriptorLimit();
    if (const int least = LeastDescriptors(options_.workers); descriptor_limit_ < least) {
      return absl::ResourceExhaustedError(absl::StrCat("RLIMIT_NOFILE (ulimit -n, LimitNOFILE=) is ", descriptor_limit_,
                                                       ": ", options_.workers, " workers need ", least, " or more"));
    }
    absl::StatusOr<std::unique_ptr<worker::WorkerPool>> workers = worker::WorkerPool::Start(
        options_.workers, options_.tls_threads,
        {.io = options_.io, .budget = &*budget_, .descriptor_ceiling = DescriptorCeiling(descriptor_limit_)},
        loop_.get(), access_log_.get());
    if (!workers.ok()) return ForFlag("--io", workers.status());
    workers_ = *std::move(workers);
    if (absl::Status status = OpenState(); !status.ok()) return status;
    core_ = std::make_unique<control::ControlCore>(CoreOptions());
    verbs_ = std::make_unique<control::VerbRunner>(core_.get());
    if (absl::Status status = RestoreState(); !status.ok()) return status;

    // Whoever waits for the control socket's line finds the others there.
    for (absl::Status (Server::*listen)() :
         {&Server::ListenAdmin, &Server::ListenHealth, &Server::ListenControl, &Server::DialControllers}) {
      if (absl::Status status = (this->*listen)(); !status.ok()) return status;
    }
    loop_->timers().Schedule(&look_timer_, kLookMs);
    return absl::OkStatus();
  }

  void Run() { loop_->Run(); }

 private:
  // io_uring has 2 MiB of it with the kernel, and a request needs some at each side.
  static constexpr uint64_t kLeastBufferBytes = 8 * 1024 * 1024;
  static constexpr uint64_t kLookMs = 1000;
  static constexpr uint64_t kStatePatienceMs = 5'000;

  absl::Status OpenAccessLog() {
    if (!options_.access_log.has_value()) return absl::OkStatus();
    absl::StatusOr<std::unique_ptr<access_log::Destination>> destination =
        access_log::OpenDestination(*options_.access_log);
    if (!destination.ok()) return ForFlag("--access_log", destination.status());
    access_log_ = std::make_unique<access_log::AccessLog>(*std::move(destination), options_.workers, Complain);
    return absl::OkStatus();
  }

  absl::Status LoadIdentities() {
    if (absl::StatusOr<const IdentityFiles*> control = LoadIdentity(options_.control_tls, "--control_");
        !control.ok()) {
      return control.status();
    }
    absl::StatusOr<const IdentityFiles*> admin = LoadIdentity(options_.admin_tls, "--admin_");
    if (!admin.ok()) return admin.status();
    admin_identity_ = *admin;
    absl::StatusOr<const IdentityFiles*> health = LoadIdentity(options_.health_tls, "--health_");
    if (!health.ok()) return health.status();
    health_identity_ = *health;
    return absl::OkStatus();
  }

  // Null where it is not given.
  absl::StatusOr<const IdentityFiles*> LoadIdentity(const api::MutualTls& tls, const char* flag_prefix) {
    if (!tls.given()) return nullptr;
    absl::StatusOr<std::unique_ptr<IdentityFiles>> files = IdentityFiles::Load(tls, flag_prefix, std::time(nullptr));
    if (!files.ok()) return files.status();
    identities_.push_back(*std::move(files));
    return identities_.back().get();
  }

  // How clients of these sockets are met; none: in the clear.
  static std::optional<tls::HandshakeOptions> Handshakes(const char* what, const IdentityFiles* identity) {
    if (identity == nullptr) return std::nullopt;
    return tls::HandshakeOptions{
        .context = [identity] { return identity->server_context(); },
        .log = [what](std::string_view line) { Complain(absl::StrCat(what, ": ", std::string(line))); }};
  }

  absl::Status OpenState() {
    if (options_.state_dir.empty()) return absl::OkStatus();
    absl::StatusOr<std::unique_ptr<persistence::Journal>> journal = persistence::Journal::Open(
        {.directory = options_.state_dir, .loop = loop_.get(), .say = Complain, .now_ms = base::UnixMillis()});
    if (!journal.ok()) return ForFlag("--state_dir", journal.status());
    journal_ = *std::move(journal);
    return absl::OkStatus();
  }

  // Before there is anybody who could ask. What was saved is served when this returns.
  absl::Status RestoreState() {
    if (journal_ == nullptr) return absl::OkStatus();
    std::optional<persistence::Restored> restored = journal_->TakeRestored();
    if (restored.has_value()) {
      const uint64_t revision = restored->history.newest().revision();
      bool adopted = false;
      const absl::Status status = core_->Restore(*std::move(restored), [&adopted] { adopted = true; });
      if (!status.ok()) {
        return ForFlag("--state_dir",
                       absl::Status(status.code(), absl::StrCat(options_.state_dir, ": revision ", revision,
                                                                " can't be served: ", status.message())));
      }
      while (!adopted && !draining_) loop_->RunOnce(/*wait=*/true);
      if (revision > 0) Complain(absl::StrCat("state: ", options_.state_dir, ": serving revision ", revision));
      SayUnbound();
    }
    journal_->Start(
        [this](const persistence::Condition& condition) { core_->OnSaved(condition.saved_number, condition.is_stuck); },
        [this] { core_->SaveAll(); });
    WaitForBothCopies();
    return absl::OkStatus();
  }

  admin::StateOnDisk StateOnDisk() const {
    const persistence::Condition& condition = journal_->condition();
    return {.saved_revision = condition.saved_revision,
            .good_copies = condition.writable_copies,
            .bytes = condition.bytes,
            .failures = condition.failures,
            .rewrites = condition.rewrites,
            .damaged_files = journal_->damaged_files(),
            .unbound_listeners = control::UnboundListeners(*core_->snapshot()).size(),
            .error = condition.error};
  }

  // What was damaged is written anew before anybody can change what is served: until then, a second fault would cost
  // more than a revision. A disk that does not answer, or refuses, is not waited for.
  void WaitForBothCopies() {
    bool is_over = false;
    event::Timer patience([](void* over) { *static_cast<bool*>(over) = true; }, &is_over);
    loop_->timers().Schedule(&patience, kStatePatienceMs);
    const auto is_settled = [](const persistence::Condition& condition) {
      return condition.is_known && (condition.good_copies == 2 || !condition.error.empty());
    };
    while (!is_over && !draining_ && !is_settled(journal_->condition())) loop_->RunOnce(/*wait=*/true);
  }

  void SayUnbound() {
    const config::Snapshot& snapshot = *core_->snapshot();
    for (const config::ListenerSlot slot : control::UnboundListeners(snapshot)) {
      any_unbound_ = true;
      const config::Listener& listener = *snapshot.listeners[slot];
      Complain(absl::StrCat("state: listener ", listener.id, ": ", listener.sockets->error, "; tried every second"));
    }
  }

  v1::SavingStatus SavingStatus() const {
    const persistence::Condition& condition = journal_->condition();
    v1::SavingStatus status;
    status.set_saved_revision(condition.saved_revision);
    status.set_good_copies(static_cast<uint32_t>(condition.good_copies));
    status.set_error(condition.error);
    return status;
  }

  control::ControlCore::Options CoreOptions() {
    control::ControlCore::Options options;
    options.workers = options_.workers;
    options.node_id = node_id_;
    options.zone = options_.zone;
    options.version = base::kVersion;
    options.heartbeat_interval = options_.heartbeat_interval;
    options.heartbeat_timeout = options_.heartbeat_timeout;
    options.timers = &loop_->timers();
    options.background = [this](absl::AnyInvocable<void()> work, absl::AnyInvocable<void()> done) {
      if (background_ == nullptr) background_ = std::make_unique<control::BackgroundThread>(&loop_->mailbox());
      background_->Do(std::move(work), std::move(done));
    };
    options.publish = [this](std::shared_ptr<const config::Snapshot> snapshot, config::ChangeList changes,
                             absl::AnyInvocable<void()> on_all_adopted) {
      workers_->Publish(std::move(snapshot), std::move(changes), std::move(on_all_adopted));
    };
    if (journal_ != nullptr) {
      options.save = [this](persistence::Record record) { return journal_->Append(std::move(record)); };
      options.save_votes = [this](persistence::VotePieces votes) { journal_->SaveVotes(std::move(votes)); };
      options.save_wait = options_.state_wait;
      options.get_saving = [this] { return SavingStatus(); };
    }
    options.log = Complain;
    options.get_workers = [this] { return WorkersForControl(); };
    options.get_listener_connections = [this](std::string_view id) { return ListenerConnections(id); };
    return options;
  }

  absl::Status ListenAdmin() {
    absl::StatusOr<std::vector<net::Address>> addresses = ParseAddresses("--admin_listen", options_.admin_listen);
    if (!addresses.ok()) return addresses.status();
    for (const net::Address& address : *addresses) {
      if (admin_identity_ == nullptr && !options_.insecure_admin && !net::IsOfThisMachine(address)) {
        return absl::InvalidArgumentError(
            absl::StrCat("--admin_listen: ", address.ToString(),
                         ": beyond loopback, admin needs mTLS: give --admin_ca, --admin_cert and ",
                         "--admin_key; or, where a network of yours may read all of it, --insecure_admin=on"));
      }
      absl::StatusOr<std::unique_ptr<admin::AdminServer>> server =
          admin::AdminServer::Listen(loop_.get(), address, admin::Endpoints([this] { return AdminStatus(); }),
                                     Handshakes("admin", admin_identity_));
      if (!server.ok()) return ForFlag("--admin_listen", server.status());
      Announce("admin", (*server)->address().ToString());
      admin_.push_back(*std::move(server));
    }
    return absl::OkStatus();
  }

  absl::Status ListenHealth() {
    if (options_.health_listen.empty()) return absl::OkStatus();
    absl::StatusOr<std::vector<net::Address>> addresses = ParseAddresses("--health_listen", options_.health_listen);
    if (!addresses.ok()) return addresses.status();
    absl::StatusOr<std::unique_ptr<health::LineServer>> server = health::LineServer::Listen(
        loop_.get(), &core_->health(), verbs_->Actions(), *addresses, Handshakes("health", health_identity_));
    if (!server.ok()) return ForFlag("--health_listen", server.status());
    health_ = *std::move(server);
    for (const net::Address& address : health_->addresses()) Announce("health", address.ToString());
    return absl::OkStatus();
  }

  absl::Status ListenControl() {
    for (const std::string& address : options_.control_listen) {
      absl::StatusOr<std::unique_ptr<control::GrpcServer>> server =
          control::GrpcServer::Create(address, core_.get(), loop_.get(), options_.control_tls);
      if (!server.ok()) return ForFlag("--control_listen", server.status());
      Announce("control", (*server)->bound_address().ToString());
      control_.push_back(*std::move(server));
    }
    return absl::OkStatus();
  }

  absl::Status DialControllers() {
    if (options_.control.empty()) return absl::OkStatus();
    absl::StatusOr<std::unique_ptr<control::Dialer>> dialer =
        control::Dialer::Create(options_.control, core_.get(), loop_.get(), Complain, options_.control_tls);
    if (!dialer.ok()) return ForFlag("--control", dialer.status());
    dialer_ = *std::move(dialer);
    return absl::OkStatus();
  }

  std::vector<control::WorkerStatus> WorkersForControl() const {
    std::vector<control::WorkerStatus> statuses;
    for (int index = 0; index < workers_->size(); ++index) {
      const worker::Worker& worker = workers_->worker(index);
      statuses.push_back({.revision = worker.revision(),
                          .open_connections = static_cast<uint32_t>(worker.counters().connections_open.value()),
                          .active_requests = static_cast<uint32_t>(worker.counters().requests_active.value())});
    }
    return statuses;
  }

  uint32_t ListenerConnections(std::string_view id) const {
    uint64_t connections = 0;
    core_->snapshot()->listeners.ForEach([&](size_t, const std::shared_ptr<const config::Listener>& listener) {
      if (listener == nullptr || listener->id != id) return;
      connections += metrics::Sum(*listener->counters, &metrics::ListenerWorkerCounters::connections_open);
    });
    return static_cast<uint32_t>(connections);
  }

  admin::Status AdminStatus() const {
    admin::Status status;
    status.node_id = node_id_;
    status.zone = options_.zone;
    status.version = base::kVersion;
    status.now_ms = loop_->now_ms();
    status.started_ms = started_ms_;
    status.draining = draining_;
    status.snapshot = *core_->snapshot();
    status.fingerprint = core_->fingerprint();
    for (int index = 0; index < workers_->size(); ++index) {
      const worker::Worker& worker = workers_->worker(index);
      status.workers.push_back({.revision = worker.revision(), .io = worker.io_name(), .counters = &worker.counters()});
    }
    status.buffer_bytes = static_cast<uint64_t>(std::max<int64_t>(budget_->used_bytes(), 0));
    status.max_buffer_bytes = budget_->limit_bytes();
    status.health = &core_->health();
    status.server_metrics = options_.server_metrics;
    status.transactions_applied = core_->transactions_applied();
    status.transactions_rejected = core_->transactions_rejected();
    const control::HashTables::Totals tables = core_->hash_table_totals();
    status.hash_tables = {
        .built = tables.built, .swaps = tables.swaps, .build_seconds = static_cast<double>(tables.build_us) / 1e6};
    status.prepared = core_->holds_prepared();
    status.prepared_dropped = core_->prepared_dropped();
    status.commit_lateness = core_->commit_lateness();
    status.sessions = ControlSessions();
    if (access_log_ != nullptr) status.access_log = access_log_->totals();
    if (journal_ != nullptr) status.state_on_disk = StateOnDisk();
    return status;
  }

  std::vector<admin::ControlSession> ControlSessions() const {
    std::vector<admin::ControlSession> sessions;
    if (dialer_ != nullptr) {
      const net::Address* controller = dialer_->controller();
      sessions.push_back({.peer = controller != nullptr ? controller->ToString() : absl::StrJoin(options_.control, ","),
                          .dialled = true,
                          .connected = controller != nullptr,
                          .detail = controller != nullptr ? "" : "no controller answers"});
    }
    for (const std::unique_ptr<control::GrpcServer>& server : control_) {
      for (std::string& peer : server->stream_peers()) {
        sessions.push_back({.peer = std::move(peer), .connected = true, .detail = ""});
      }
    }
    return sessions;
  }

  // Every second.
  void LookAround() {
    LookForPressure();
    if (any_unbound_ && control::UnboundListeners(*core_->snapshot()).empty()) {
      any_unbound_ = false;
      Complain("state: all listeners are bound");
    }
    for (const std::unique_ptr<IdentityFiles>& files : identities_) {
      if (const std::string line = files->Look(std::time(nullptr)); !line.empty()) Complain(line);
    }
    loop_->timers().Schedule(&look_timer_, kLookMs);
  }

  void LookForPressure() {
    uint64_t descriptors = 0;
    uint64_t buffers = 0;
    for (int index = 0; index < workers_->size(); ++index) {
      descriptors += workers_->worker(index).counters().descriptors.value();
      buffers += workers_->worker(index).counters().max_buffer_bytes.value();
    }
    for (const std::string& line :
         {descriptor_log_.Look(descriptors, loop_->now_ms()), buffer_log_.Look(buffers, loop_->now_ms())}) {
      if (!line.empty()) Complain(line);
    }
  }

  // The first signal drains, the second ends at once; SIGHUP is for whoever moved the access log away.
  void OnSignal(int signal) {
    if (signal == SIGHUP) {
      if (access_log_ != nullptr) access_log_->Reopen();
      return;
    }
    if (std::exchange(draining_, true)) return loop_->Stop();
    // While they are still listened on: afterwards another program may take the places.
    core_->snapshot()->listeners.ForEach([](size_t, const std::shared_ptr<const config::Listener>& listener) {
      if (listener != nullptr) listener->sockets->file.Remove();
    });
    workers_->Drain([this] { loop_->Stop(); });
    loop_->timers().Schedule(&drain_timer_, options_.drain_timeout.count());
  }

  const Options& options_;
  const std::string node_id_;
  event::Signals signals_;
  std::unique_ptr<event::Loop> loop_;
  event::Timer drain_timer_;
  event::Timer look_timer_;
  PressureLog descriptor_log_{"no descriptors left (RLIMIT_NOFILE): accepting pauses, or connecting to servers fails"};
  PressureLog buffer_log_{"buffers are full (--max_buffer_bytes): requests and connections are answered 503"};
  int descriptor_limit_ = 0;
  std::optional<buffer::Budget> budget_;
  uint64_t started_ms_ = 0;
  bool draining_ = false;
  bool any_unbound_ = false;  // of restored listeners
  std::vector<std::unique_ptr<IdentityFiles>> identities_;
  // Of those; null: not given.
  const IdentityFiles* admin_identity_ = nullptr;
  const IdentityFiles* health_identity_ = nullptr;
  std::unique_ptr<access_log::AccessLog> access_log_;
  std::unique_ptr<worker::WorkerPool> workers_;
  std::unique_ptr<persistence::Journal> journal_;          // null: nothing is saved
  std::unique_ptr<control::BackgroundThread> background_;  // null: until it is first needed
  std::unique_ptr<control::ControlCore> core_;
  std::vector<std::unique_ptr<admin::AdminServer>> admin_;
  std::unique_ptr<control::VerbRunner> verbs_;
  std::unique_ptr<health::LineServer> health_;
  std::vector<std::unique_ptr<control::GrpcServer>> control_;
  std::unique_ptr<control::Dialer> dialer_;
};

}  // namespace

absl::Status Run(const Options& options) {
  control::MemoryReturn::SetUpAllocator();
  control::TellGrpcErrors(&Complain);
  Server server(options);
  if (absl::Status status = server.Start(); !status.ok()) return status;
  server.Run();
  return absl::OkStatus();
}

}  // namespace fairlead::server
