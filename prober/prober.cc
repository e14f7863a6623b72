#include "prober/prober.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "api/yaml/concat.h"
#include "ctl/address.h"
#include "dataplane/admin/admin_server.h"
#include "dataplane/admin/answer.h"
#include "dataplane/admin/text_page.h"
#include "dataplane/base/unique_fd.h"
#include "dataplane/base/unix_time.h"
#include "dataplane/event/loop.h"
#include "dataplane/event/signals.h"
#include "dataplane/metrics/prometheus_writer.h"
#include "dataplane/net/reach.h"
#include "prober/checker.h"
#include "prober/command_attempt.h"
#include "prober/hash.h"
#include "prober/make_attempt.h"
#include "prober/membership.h"
#include "prober/pages.h"
#include "prober/peer_socket.h"
#include "prober/proxy_link.h"
#include "prober/server_list.h"
#include "prober/shares.h"

namespace fairlead::prober {
namespace {

void Log(std::string_view line) { std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data()); }

void Announce(std::string_view what, const std::string& address) {
  std::printf("%.*s listening on %s\n", static_cast<int>(what.size()), what.data(), address.c_str());
  std::fflush(stdout);
}

absl::Status ForFlag(std::string_view flag, const absl::Status& status) {
  return absl::Status(status.code(), api::Concat(flag, ": ", std::string(status.message())));
}

// As far as it may be raised: each check has a descriptor.
void RaiseDescriptorLimit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

absl::StatusOr<std::string> ReadKey(const std::string& file) {
  if (file.empty()) return std::string();
  std::ifstream stream(file, std::ios::binary);
  std::string key{std::istreambuf_iterator<char>(stream), {}};
  while (!key.empty() && (key.back() == '\n' || key.back() == '\r')) key.pop_back();
  constexpr size_t kLeast = 16;
  if (!stream || key.size() < kLeast) {
    return absl::InvalidArgumentError(
        api::Concat("--peer_key: ", file, ": want a file of at least ", kLeast, " bytes"));
  }
  return key;
}

// All parts of the program, on the loop's thread. Parts that use others come after them, and so end before them.
class Prober {
 public:
  explicit Prober(const Options& options) : options_(options) {}
  ~Prober() {
    // The threads of the links and of the peers' socket wait for it.
    if (stop_.valid()) Stop();
  }

  absl::Status Start();
  void Run() { loop_->Run(); }

 private:
  // A proxy's place among the links.
  struct Proxy {
    uint64_t hash = 0;
    bool reached = false;
    std::shared_ptr<const ServerList> servers = std::make_shared<const ServerList>();
    std::unique_ptr<ProxyLink> link;
  };

  absl::Status ReadFiles();
  absl::Status OpenPeers();
  absl::Status OpenLinks();
  absl::Status ListenAdmin();

  void OnSignal(int signal);
  void OnBeat(const v1::ProberBeat& beat);
  void OnBeatTimer();
  void SendBeat(bool leaving);
  void MergeServers();
  void UpdateDoubt();
  void UpdateShares();
  void Stop() const { eventfd_write(stop_.get(), 1); }

  std::vector<uint64_t> ReachedProxies() const;
  ProberState State() const;
  admin::Answer Answer(const http::RequestHead& request);

  const Options options_;
  const uint64_t incarnation_ = base::UnixMicros();
  // Readable when all threads are to end.
  const base::UniqueFd stop_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::unique_ptr<event::Loop> loop_;
  // Made before the first thread, gone before the loop that it posts to.
  event::Signals signals_{SIGCHLD};
  Commands commands_;
  std::unique_ptr<Checker> checker_;
  std::unique_ptr<Membership> membership_;  // null: there are no others
  uint64_t settled_at_ms_ = 0;              // from then on, whoever was not heard is not there
  uint64_t beat_at_ms_ = 0;
  bool twin_told_ = false;
  Shares shares_;
  bool has_shares_ = false;
  std::vector<Proxy> proxies_;
  std::unique_ptr<PeerSocket> peers_;
  std::vector<std::unique_ptr<admin::AdminServer>> admin_;
  event::Timer beat_timer_{[](void* self) { static_cast<Prober*>(self)->OnBeatTimer(); }, this};
};

absl::Status Prober::Start() {
  RaiseDescriptorLimit();
  auto loop = event::Loop::Create(options_.io);
  if (!loop.ok()) return loop.status();
  loop_ = *std::move(loop);
  checker_ = std::make_unique<Checker>(
      loop_.get(), Checker::Limits{options_.max_checks, options_.max_commands},
      [this](const Target& target, std::shared_ptr<const CheckSettings> settings, Attempt::OnOutcome on_outcome) {
        return MakeAttempt(loop_.get(), &commands_, target, std::move(settings), std::move(on_outcome));
      },
      [this](const std::shared_ptr<const Vote>& vote) {
        for (Proxy& proxy : proxies_) proxy.link->Put(vote);
      },
      std::random_device{}());
  if (absl::Status status = ReadFiles(); !status.ok()) return status;
  signals_.Start([this](int signal) { loop_->mailbox().Post([this, signal] { OnSignal(signal); }); });
  for (const auto& step : {&Prober::ListenAdmin, &Prober::OpenPeers, &Prober::OpenLinks}) {
    if (absl::Status status = (this->*step)(); !status.ok()) return status;
  }
  UpdateShares();
  return absl::OkStatus();
}

absl::Status Prober::ReadFiles() {
  absl::StatusOr<CheckPlan> plan = options_.config.empty() ? CheckPlan::Default() : CheckPlan::Read(options_.config);
  if (!plan.ok()) return ForFlag("--config", plan.status());
  absl::StatusOr<std::vector<Target>> targets = std::vector<Target>();
  if (!options_.servers.empty()) targets = ReadServers(options_.servers);
  if (!targets.ok()) return ForFlag("--servers", targets.status());
  checker_->SetPlan(*std::move(plan));
  if (!options_.servers.empty()) checker_->SetTargets(*targets);
  return absl::OkStatus();
}

absl::Status Prober::ListenAdmin() {
  for (const std::string& text : options_.admin_listen) {
    const absl::StatusOr<net::Address> address = net::Address::Parse(text);
    if (!address.ok()) return ForFlag("--admin_listen", address.status());
    if (!options_.insecure_admin && !net::IsOfThisMachine(*address)) {
      return absl::InvalidArgumentError(
          api::Concat("--admin_listen: ", text,
                      ": beyond this machine only where a network of yours may read it: --insecure_admin=true"));
    }
    auto server = admin::AdminServer::Listen(loop_.get(), *address,
                                             [this](const http::RequestHead& request) { return Answer(request); });
    if (!server.ok()) return ForFlag("--admin_listen", server.status());
    Announce("admin", (*server)->address().ToString());
    admin_.push_back(*std::move(server));
  }
  return absl::OkStatus();
}

absl::Status Prober::OpenPeers() {
  if (options_.peer_listen.empty()) return absl::OkStatus();
  PeerSocket::Options socket{.address = {}, .peers = {}, .key = {}, .stop = stop_.get()};
  absl::StatusOr<net::Address> own = net::Address::Parse(options_.peer_listen);
  if (!own.ok()) return ForFlag("--peer_listen", own.status());
  socket.address = *std::move(own);
  for (const std::string& text : options_.peers) {
    absl::StatusOr<net::Address> peer = net::Address::Parse(text);
    if (!peer.ok()) return ForFlag("--peers", peer.status());
    if (*peer != socket.address) socket.peers.push_back(*std::move(peer));
  }
  absl::StatusOr<std::string> key = ReadKey(options_.peer_key);
  if (!key.ok()) return key.status();
  socket.key = *std::move(key);
  const auto timeout_ms = static_cast<uint64_t>(options_.peer_timeout.count());
  membership_ = std::make_unique<Membership>(options_.id, incarnation_, timeout_ms);
  settled_at_ms_ = loop_->now_ms() + timeout_ms;
  auto peers = PeerSocket::Open(loop_.get(), std::move(socket), [this](const v1::ProberBeat& beat) { OnBeat(beat); });
  if (!peers.ok()) return ForFlag("--peer_listen", peers.status());
  peers_ = *std::move(peers);
  Announce("peers", peers_->address().ToString());
  loop_->timers().Schedule(&beat_timer_, 0);
  return absl::OkStatus();
}

absl::Status Prober::OpenLinks() {
  for (const std::string& address : options_.proxies) {
    if (auto channel = ctl::MakeChannel(address, options_.tls); !channel.ok())
      return ForFlag("--proxies", channel.status());
  }
  proxies_.resize(options_.proxies.size());
  if (!proxies_.empty()) UpdateDoubt();
  for (size_t i = 0; i < proxies_.size(); ++i) {
    proxies_[i].hash = Hash(options_.proxies[i]);
    ProxyLink::Callbacks callbacks;
    callbacks.log = Log;
    callbacks.on_servers = [this, i](std::shared_ptr<const ServerList> servers) {
      proxies_[i].servers = std::move(servers);
      MergeServers();
    };
    callbacks.on_reach = [this, i](bool reached) {
      proxies_[i].reached = reached;
      UpdateDoubt();
      MergeServers();
      UpdateShares();
      if (peers_ != nullptr) SendBeat(/*leaving=*/false);
    };
    proxies_[i].link = std::make_unique<ProxyLink>(loop_.get(),
                                                   ProxyLink::Options{.address = options_.proxies[i],
                                                                      .tls = options_.tls,
                                                                      .timeout = options_.proxy_timeout,
                                                                      .reporter = options_.id,
                                                                      .incarnation = incarnation_,
                                                                      .watches = options_.servers.empty(),
                                                                      .stop = stop_.get()},
                                                   std::move(callbacks));
  }
  return absl::OkStatus();
}

void Prober::OnSignal(int signal) {
  if (signal == SIGCHLD) return commands_.OnChildSignal();
  if (signal == SIGHUP) {
    const absl::Status read = ReadFiles();
    return Log(read.ok() ? "files read again" : api::Concat("files not taken: ", std::string(read.message())));
  }
  // The others need not wait until it is missed.
  if (peers_ != nullptr) SendBeat(/*leaving=*/true);
  loop_->Stop();
}

void Prober::OnBeat(const v1::ProberBeat& beat) {
  const auto quarter_ms = static_cast<uint64_t>(options_.peer_timeout.count()) / 4;
  const uint64_t now_ms = loop_->now_ms();
  switch (membership_->Take(beat, now_ms)) {
    case Membership::News::kNone:
      return;
    case Membership::News::kTwin:
      if (!std::exchange(twin_told_, true))
        Log(api::Concat("another prober has this one's id, ", options_.id, ": see --id"));
      return;
    case Membership::News::kChanged:
      UpdateShares();
      [[fallthrough]];
    case Membership::News::kMet:
      // Not at once to each: who sends many beats shall not be answered by as many.
      if (now_ms - beat_at_ms_ >= quarter_ms / 4) SendBeat(/*leaving=*/false);
  }
}

void Prober::OnBeatTimer() {
  if (membership_->Expire(loop_->now_ms()) || !has_shares_) UpdateShares();
  SendBeat(/*leaving=*/false);
  loop_->timers().Schedule(&beat_timer_, static_cast<uint64_t>(options_.peer_timeout.count()) / 4);
}

void Prober::SendBeat(bool leaving) {
  beat_at_ms_ = loop_->now_ms();
  // Nobody is to count on it before it has a share.
  const std::vector<uint64_t> proxies = has_shares_ ? ReachedProxies() : std::vector<uint64_t>();
  peers_->Send(membership_->MakeBeat(proxies, leaving, loop_->now_ms()));
}

std::vector<uint64_t> Prober::ReachedProxies() const {
  std::vector<uint64_t> reached;
  for (const Proxy& proxy : proxies_) {
    if (proxy.reached) reached.push_back(proxy.hash);
  }
  return reached;
}

void Prober::UpdateShares() {
  // Until it could have heard the others, it would take what is theirs.
  if (membership_ != nullptr && loop_->now_ms() < settled_at_ms_) return;
  const std::vector<Member> others = membership_ == nullptr ? std::vector<Member>() : membership_->members();
  Shares shares({options_.id, ReachedProxies()}, others, options_.replicas);
  if (std::exchange(has_shares_, true) && shares == shares_) return;
  shares_ = shares;
  checker_->SetShares(std::move(shares));
}

void Prober::UpdateDoubt() {
  const bool cut_off = ReachedProxies().empty();
  if (cut_off == checker_->in_doubt()) return;
  if (!cut_off) return checker_->EndDoubt();
  // The last sign of a proxy may be as old as that.
  const auto silence_ms = static_cast<uint64_t>(options_.proxy_timeout.count()) * 5 / 4;
  checker_->BeginDoubt(loop_->now_ms() - std::min(silence_ms, loop_->now_ms()));
}

void Prober::MergeServers() {
  if (!options_.servers.empty()) return;
  // Where they do not agree, those that can be asked now know better.
  std::vector<const ServerList*> lists;
  for (const bool reached : {true, false}) {
    for (const Proxy& proxy : proxies_) {
      if (proxy.reached == reached) lists.push_back(proxy.servers.get());
    }
  }
  checker_->SetTargets(Merge(lists));
}

ProberState Prober::State() const {
  ProberState state;
  state.census = checker_->TakeCensus();
  state.counters = checker_->counters();
  state.running = checker_->running();
  state.waiting = checker_->waiting();
  if (membership_ != nullptr) state.peers = membership_->members().size();
  if (peers_ != nullptr) state.datagrams_refused = peers_->refused();
  for (const Proxy& proxy : proxies_) {
    const ProxyLink::Counters& counters = proxy.link->counters();
    state.proxies.push_back({proxy.link->address(), proxy.reached, counters.sent, counters.refused, counters.lost});
  }
  return state;
}

admin::Answer Prober::Answer(const http::RequestHead& request) {
  admin::Answer answer;
  const std::string_view path = request.path();
  if (request.method != http::Method::kGet && request.method != http::Method::kHead) {
    answer.status = 405;
    answer.detail = "want GET or HEAD";
  } else if (path == "/metrics") {
    answer.content_type = metrics::PrometheusWriter::kContentType;
    answer.page = std::make_unique<admin::TextPage>(WriteMetrics(State()));
  } else if (path == "/healthz") {
    answer.detail = WhyNotHealthy(State());
    answer.status = answer.detail.empty() ? 200 : 503;
    answer.content_type = "text/plain; charset=utf-8";
    answer.text = "ok\n";
  } else if (path == "/servers") {
    answer.content_type = "application/json";
    answer.page = std::make_unique<admin::TextPage>(WriteServers(*checker_, loop_->now_ms()));
  } else {
    answer.status = 404;
    answer.detail = "want /metrics, /healthz or /servers";
  }
  return answer;
}

}  // namespace

absl::Status Run(const Options& options) {
  Prober prober(options);
  if (absl::Status status = prober.Start(); !status.ok()) return status;
  prober.Run();
  return absl::OkStatus();
}

}  // namespace fairlead::prober
