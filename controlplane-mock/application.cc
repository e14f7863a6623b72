#include "controlplane-mock/application.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "controlplane-mock/scenario_file.h"
#include "controlplane-mock/snapshot_files.h"
#include "controlplane-mock/transaction_ids.h"

namespace fairlead::controlplane_mock {
namespace {

void Print(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

void PrintError(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }

absl::StatusOr<int> BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const int fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, "signalfd");
  return fd;
}

// From the end of a lease to the next leader: etcd looks for leases that are over every half second.
constexpr std::chrono::seconds kElectionTime{1};

// Of proxies at a controller that does not lead, before that: they may as well look elsewhere, and one that has only
// been restarted should not wait out a long lease.
constexpr std::chrono::seconds kLongestWait{5};

std::string HostAndProcess() {
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  return absl::StrCat(host, ":", getpid());
}

std::string DescribeLeader(const etcd::Leader& leader) {
  return leader.address.empty() ? leader.name : absl::StrCat(leader.name, " (", leader.address, ")");
}

// For poll(2): rounded up, so that the deadline has passed afterwards; -1 for no deadline.
int MillisecondsUntil(TimePoint deadline, TimePoint now) {
  if (deadline == TimePoint::max()) return -1;
  if (deadline <= now) return 0;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now).count();
  return static_cast<int>(std::min<long long>(left, 3'600'000));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Application>> Application::Create(const Options& options) {
  std::unique_ptr<Application> application(new Application(options));
  if (absl::Status started = application->Start(); !started.ok()) return started;
  return application;
}

Application::Application(const Options& options)
    : options_(options),
      controller_({.session = {.force = options.force},
                   .fleet = options.fleet_commit ? std::optional(options.fleet) : std::nullopt,
                   .leader_epoch = options.leader_epoch,
                   .patience = std::min(options.lease_ttl, kLongestWait) + kElectionTime,
                   .misbehaviours = options.misbehave},
                  TransactionIds::WithRandomPrefix(), [this](const ProxyEvent& event) { OnEvent(event); }),
      status_file_(options.status_file) {}

Application::~Application() {
  if (signals_ >= 0) close(signals_);
}

absl::Status Application::Start() {
  absl::StatusOr<int> signals = BlockSignals();
  if (!signals.ok()) return signals.status();
  signals_ = *signals;
  absl::StatusOr<std::unique_ptr<Inbox>> inbox = Inbox::Create();
  if (!inbox.ok()) return inbox.status();
  inbox_ = *std::move(inbox);
  if (!options_.store) {
    if (absl::Status started = StartWithFiles(); !started.ok()) return started;
  } else {
    controller_.StandBy("", Clock::now());  // before anybody dials
  }
  if (!options_.listen.empty()) {
    auto server = ControlPlaneServer::Create(options_.listen, inbox_.get(), &controller_, options_.tls);
    if (!server.ok()) return server.status();
    server_ = *std::move(server);
    Print("listening on " + server_->address());
  }
  dialer_ = std::make_unique<DataPlaneDialer>(options_.dial, inbox_.get(), &controller_, options_.tls);
  if (options_.store) StartWithStore();
  return absl::OkStatus();
}

absl::Status Application::StartWithFiles() {
  // Before the files are read: a change meanwhile is not missed.
  absl::StatusOr<std::unique_ptr<FileWatcher>> watcher = FileWatcher::Create(options_.paths);
  if (!watcher.ok()) return watcher.status();
  watcher_ = *std::move(watcher);
  absl::StatusOr<v1::Snapshot> snapshot = LoadSnapshot(options_.paths);
  if (!snapshot.ok()) return snapshot.status();
  controller_.SetDesired(*std::move(snapshot), Clock::now());

  if (options_.scenario.empty()) return absl::OkStatus();
  absl::StatusOr<Scenario> scenario = LoadScenario(options_.scenario);
  if (!scenario.ok()) return scenario.status();
  scenario_ = std::make_unique<ScenarioRunner>(
      *std::move(scenario), std::filesystem::absolute(options_.scenario).parent_path(), &controller_, Print);
  return absl::OkStatus();
}

void Application::StartWithStore() {
  dialer_->SetWanted(false);
  store_ = std::make_unique<etcd::Store>(
      etcd::StoreSettings{.address = *options_.store,
                          .tls = options_.store_tls,
                          .name = options_.name.empty() ? HostAndProcess() : options_.name,
                          .listening_on = server_ != nullptr ? server_->address() : "",
                          .lease_ttl = options_.lease_ttl},
      inbox_.get(), Print);
}

int Application::Run() {
  while (!stopping_) {
    inbox_->RunAll();
    const TimePoint now = Clock::now();
    if (watcher_ != nullptr) ServeFilesIfChanged(now);
    if (store_ != nullptr) FollowStore(now);
    controller_.OnTime(now);
    dialer_->OnTime(now);
    if (scenario_ != nullptr) scenario_->OnTime(now);
    WriteStatus();
    if (ScenarioEndsIt()) break;
    Wait();
  }
  Stop();
  WriteStatus();
  return ScenarioEndsIt() && scenario_->failed() > 0 ? 1 : 0;
}

void Application::Wait() {
  TimePoint deadline = std::min(controller_.NextDeadline(), dialer_->NextDeadline());
  if (scenario_ != nullptr) deadline = std::min(deadline, scenario_->NextDeadline());
  if (watcher_ != nullptr && watcher_->changed()) deadline = std::min(deadline, watcher_->NextDeadline());
  if (store_ != nullptr) {
    deadline = std::min(deadline, store_->NextDeadline());
    if (store_->leads_until() > Clock::now()) deadline = std::min(deadline, store_->leads_until());
  }
  pollfd fds[] = {{.fd = inbox_->fd(), .events = POLLIN, .revents = 0},
                  {.fd = signals_, .events = POLLIN, .revents = 0},
                  {.fd = watcher_ != nullptr ? watcher_->fd() : -1, .events = POLLIN, .revents = 0}};
  poll(fds, std::size(fds), MillisecondsUntil(deadline, Clock::now()));
  stopping_ = (fds[1].revents & POLLIN) != 0;
}

void Application::ServeFilesIfChanged(TimePoint now) {
  watcher_->Poll(now);
  while (watcher_->ready(now)) {
    watcher_->Begin();
    absl::StatusOr<v1::Snapshot> snapshot = LoadSnapshot(options_.paths);
    watcher_->Poll(now);
    if (watcher_->changed()) continue;  // while it was being read
    if (!snapshot.ok()) {
      file_error_ = std::string(snapshot.status().message());
      PrintError(file_error_ + "\nthe last good state stays");
      continue;
    }
    file_error_.clear();
    controller_.SetDesired(*std::move(snapshot), now);
  }
}

void Application::FollowStore(TimePoint now) {
  store_->OnTime(now);
  if (store_->TakeChange()) ServeDocuments(now);
  const TimePoint leads_until = store_->leads_until();
  const std::optional<etcd::Leader>& leader = store_->view().leader();
  if (now < leads_until) {
    TellWhoLeads(absl::StrCat("this controller leads, under epoch ", leader->epoch));
    controller_.Lead(leader->epoch, leads_until, now);
  } else if (leader.has_value() && !store_->is_leader()) {
    const std::string name = DescribeLeader(*leader);
    TellWhoLeads(absl::StrCat(name, " leads, under epoch ", leader->epoch));
    controller_.StandBy(name, now);
  } else {
    TellWhoLeads(leader.has_value() ? "this controller may be deposed: it has not reached the store for too long"
                                    : "nobody leads");
    controller_.StandBy("", now);
  }
  dialer_->SetWanted(now < leads_until);
}

void Application::ServeDocuments(TimePoint now) {
  const std::string place = store_->view().config_prefix();
  std::vector<SnapshotText> texts;
  for (const auto& [name, document] : store_->view().documents()) {
    texts.push_back({.name = place + name, .text = document.text});
  }
  absl::StatusOr<v1::Snapshot> snapshot = ParseSnapshot(texts);
  // Whoever deletes all documents does not mean that everything is to go: that is what an empty document says.
  if (texts.empty()) snapshot = absl::NotFoundError(place + ": no document is there");
  if (!snapshot.ok()) {
    file_error_ = std::string(snapshot.status().message());
    return PrintError(file_error_ + "\nthe last good state stays");
  }
  file_error_.clear();
  controller_.SetDesired(*std::move(snapshot), now);
  store_->Stand(true);
}

void Application::TellWhoLeads(const std::string& leader) {
  if (leader == leader_ || store_->view().revision() == 0) return;  // not known yet
  leader_ = leader;
  Print("store: " + leader);
}

void Application::OnEvent(const ProxyEvent& event) {
  Print(event.text);
  if (scenario_ != nullptr) scenario_->OnEvent(event);
}

void Application::WriteStatus() {
  if (options_.status_file.empty()) return;
  Status status = DescribeStatus(controller_, server_ != nullptr ? server_->address() : "", file_error_);
  if (store_ != nullptr) *status.mutable_store() = DescribeStore(*store_, Clock::now());
  if (absl::Status written = status_file_.Write(status); !written.ok()) PrintError(std::string(written.message()));
}

bool Application::ScenarioEndsIt() const {
  return options_.exit_after_scenario && scenario_ != nullptr && scenario_->finished();
}

void Application::Stop() {
  if (store_ != nullptr) Resign();
  controller_.EndAll(absl::UnavailableError("the controller is ending"));
  dialer_->Shutdown();
  if (server_ != nullptr) server_->Shutdown();
  inbox_->RunAll();
  RunInboxUntil([this] { return dialer_->done(); }, TimePoint::max());
}

void Application::Resign() {
  // Before another can be elected.
  controller_.StandBy("", Clock::now());
  store_->Resign();
  RunInboxUntil([this] { return store_->resigned(); }, Clock::now() + kElectionTime);
  store_->Shutdown();
  RunInboxUntil([this] { return store_->done(); }, TimePoint::max());
}

void Application::RunInboxUntil(const std::function<bool()>& condition, TimePoint deadline) {
  while (!condition() && Clock::now() < deadline) {
    pollfd fd{.fd = inbox_->fd(), .events = POLLIN, .revents = 0};
    poll(&fd, 1, MillisecondsUntil(deadline, Clock::now()));
    inbox_->RunAll();
  }
}

}  // namespace fairlead::controlplane_mock
