#include "dataplane/upstream/server.h"

#include <cstring>
#include <utility>

#include "dataplane/base/absl_strings.h"
#include "dataplane/base/unique_fd.h"
#include "dataplane/net/socket_options.h"
#include "dataplane/tls/client_sessions.h"
#include "dataplane/tls/socket.h"

namespace fairlead::upstream {

Server::Server(Environment* environment, const config::Server* config, const config::BackendSettings* settings,
               metrics::BackendWorkerCounters* backend_counters, ServerOwner* owner, config::ServerSlot slot)
    : environment_(environment),
      config_(config),
      settings_(settings),
      owner_(owner),
      slot_(slot),
      active_requests_(&config->counters->active_requests),
      max_requests_(config->max_requests()),
      places_(config->counters.get(), config->max_connections()),
      counters_(&config->counters->of_worker(environment->worker_index)),
      backend_counters_(backend_counters) {}

Server::~Server() {
  CloseIdle();
  in_use_.ForEach([](Connection* connection) { connection->Close(); });
  awaiting_.ForEach([](Connection* connection) { connection->Close(); });
  shared_.ForEach([](SharedConnection* connection) { connection->Close(); });
}

bool Server::HasRoom() {
  return active_requests_->load() < max_requests_ && (places_.HasRoom() || (may_share() && shared_.HasRoom()));
}

bool Server::TakeRequest() {
  if (max_requests_ == config::kNoLimit) {
    active_requests_->fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  uint32_t active = active_requests_->load();
  while (active < max_requests_) {
    if (active_requests_->compare_exchange_weak(active, active + 1)) return true;
  }
  return false;
}

std::optional<ConnectionPlace> Server::TryBegin(bool fresh) {
  // What came on it since its last exchange, and this turn has not been told yet, would be taken for the answer.
  while (!fresh && !idle_.empty() && idle_.front()->HasNews()) idle_.front()->Close();
  // What is taken and then given back looks like room to those who wait: looking first, before either is touched, keeps
  // two workers from waking each other for nothing, over and over.
  if (!HasRoom()) return std::nullopt;
  const std::optional<ConnectionPlace> place = FindPlace(fresh);
  if (!place.has_value()) return std::nullopt;
  if (!TakeRequest()) {
    // Only with a limit can that be. A claim that nobody was told of is as good as an idle connection.
    const bool has_claim = *place != ConnectionPlace::kShared || shared_.found()->idle();
    if (*place == ConnectionPlace::kNew) {
      ReleasePlace();
    } else if (has_claim && places_.limited() && places_.AddUnclaimed(1)) {
      OnRoom();
    }
    return std::nullopt;
  }
  ++exchanges_;
  backend_counters_->requests_active.Increment();
  return place;
}

std::optional<ConnectionPlace> Server::FindPlace(bool fresh) {
  if (!fresh && may_share()) {
    const auto may_use = [this](SharedConnection* idle) {
      return !idle->HasNews() && (!places_.limited() || places_.TryClaim());
    };
    if (shared_.FindRoom(may_use)) return ConnectionPlace::kShared;
  }
  if (!fresh && !idle_.empty() && (!places_.limited() || places_.TryClaim())) return ConnectionPlace::kIdle;
  if (places_.TryOpen()) return ConnectionPlace::kNew;
  if (places_.TryClaim()) return ConnectionPlace::kAwaited;
  return std::nullopt;
}

void Server::EndRequest() {
  --exchanges_;
  backend_counters_->requests_active.Decrement();
  const bool had_limit = active_requests_->fetch_sub(1) >= max_requests_;
  // A stream less, where there may be no other connection.
  if (had_limit || (places_.limited() && may_share())) OnRoom();
  if (retired_ && exchanges_ == 0) delete this;
}

absl::StatusOr<Channel*> Server::Acquire(ConnectionUser* user, ConnectionPlace place) {
  for (metrics::UpstreamCounters* counters : BothCounters()) counters->requests.Increment();
  switch (place) {
    case ConnectionPlace::kIdle: {
      Connection* connection = idle_.front();
      --idle_count_;
      in_use_.PushBack(connection);
      connection->Use(user);
      return connection;
    }
    case ConnectionPlace::kShared:
      if (shared_.found()->idle()) --idle_count_;
      return shared_.found()->Add(user);
    case ConnectionPlace::kNew:
      return Open(user);
    case ConnectionPlace::kAwaited:
      // One of this worker's own will do, and at once: it is asked for a fresh one.
      if (GiveUpPlace()) return Open(user);
      return Await(user);
  }
  return absl::InternalError("unknown place");
}

absl::StatusOr<Channel*> Server::Open(ConnectionUser* user) {
  const auto connect = [this](auto* connection, Channel* channel) -> absl::StatusOr<Channel*> {
    const absl::Status status = connection->Connect();
    if (status.ok()) return channel;
    channel->Release();
    connection->Close();
    ReleasePlace();
    return status;
  };
  if (makes_own(*user)) {
    auto* connection = new Connection(environment_, this, user);
    in_use_.PushBack(connection);
    return connect(connection, connection);
  }
  auto* connection = new SharedConnection(environment_, this);
  shared_.Add(connection);
  Channel* const channel = connection->Add(user);
  return connect(connection, channel);
}

Channel* Server::Await(ConnectionUser* user) {
  owner_->ClaimConnection(slot_);
  if (makes_own(*user)) {
    auto* connection = new Connection(environment_, this, user);
    awaiting_.PushBack(connection);
    return connection;
  }
  auto* connection = new SharedConnection(environment_, this);
  shared_.AddAwaiting(connection);
  return connection->Add(user);
}

void Server::GoOnWithHttp1(event::Socket* socket, ConnectionUser* user, bool has_begun, bool keep) {
  auto* connection = new Connection(environment_, this, user);
  in_use_.PushBack(connection);
  connection->TakeOver(socket, has_begun, keep);
}

struct Server::TlsSessions {
  std::shared_ptr<tls::ClientSessions> http = std::make_shared<tls::ClientSessions>();
  std::shared_ptr<tls::ClientSessions> raw = std::make_shared<tls::ClientSessions>();
};

absl::StatusOr<event::Socket*> Server::Dial(event::SocketHandler* handler, DialFor purpose, std::string_view first) {
  absl::StatusOr<base::UniqueFd> fd = net::OpenStreamSocket(address());
  const bool is_for_others = fd.ok() && fd->get() >= environment_->loop->descriptor_ceiling();
  if (!fd.ok() || is_for_others) {
    environment_->counters->descriptors.Increment();
    return is_for_others ? absl::ResourceExhaustedError("the descriptors left are kept for others") : fd.status();
  }
  for (metrics::UpstreamCounters* counters : BothCounters()) counters->connections.Increment();
  event::Loop& loop = *environment_->loop;
  const config::BackendTls* const tls = settings_->tls.get();
  if (tls == nullptr) return loop.Connect(fd->Release(), address().get(), address().length(), handler);
  if (tls_sessions_ == nullptr) tls_sessions_ = std::make_unique<TlsSessions>();
  event::Socket* const transport = loop.Connect(fd->Release(), address().get(), address().length(), nullptr);
  const bool raw = purpose == DialFor::kRaw;
  const bool http1_alone = purpose == DialFor::kHttp1Alone && tls->http1 != nullptr;
  return tls::Socket::Connect(loop, transport, raw ? tls->raw : (http1_alone ? tls->http1 : tls->http),
                              raw ? tls_sessions_->raw : tls_sessions_->http, handler, first);
}

bool Server::ChoseHttp2(const event::Socket& socket) {
  const auto* const tls = dynamic_cast<const tls::Socket*>(&socket);
  spoke_http1_ = tls == nullptr || tls->protocol() != "h2";
  return !spoke_http1_;
}

std::optional<Server::ConnectFailure> Server::OnConnectEnded(const event::Socket& socket, int error,
                                                             std::string_view protocol) {
  // The settings may have changed since it was made.
  const auto* const tls = dynamic_cast<const tls::Socket*>(&socket);
  if (error == 0 && tls == nullptr) return std::nullopt;
  if (error == 0 && (protocol.empty() || tls->protocol() == protocol)) {
    backend_counters_->tls_handshakes.Increment();
    if (tls->resumed()) backend_counters_->tls_resumptions.Increment();
    return std::nullopt;
  }
  OnConnectFailed();
  if (tls == nullptr || (error != 0 && tls->failure() == nullptr)) {
    return ConnectFailure{http::ServerError::kConnectFailed, std::strerror(error)};
  }
  backend_counters_->tls_failures.Increment();
  if (error != 0) return ConnectFailure{http::ServerError::kTlsFailed, tls->failure()->text};
  return ConnectFailure{http::ServerError::kTlsFailed, base::StrCat("the server did not choose ", protocol, " (ALPN)")};
}

void Server::CountResponse(uint16_t status, uint64_t duration_us) {
  for (metrics::UpstreamCounters* counters : BothCounters()) {
    counters->responses[status / 100 - 1].Increment();
    counters->response_time.Observe(duration_us);
  }
}

void Server::CountFailure() {
  for (metrics::UpstreamCounters* counters : BothCounters()) counters->failures.Increment();
}

void Server::CountTimeout() {
  for (metrics::UpstreamCounters* counters : BothCounters()) counters->timeouts.Increment();
}

void Server::CountSent(size_t bytes) {
  for (metrics::UpstreamCounters* counters : BothCounters()) counters->bytes_sent.Add(bytes);
}

void Server::CountReceived(size_t bytes) {
  for (metrics::UpstreamCounters* counters : BothCounters()) counters->bytes_received.Add(bytes);
}

void Server::OnConnectFailed() {
  for (metrics::UpstreamCounters* counters : BothCounters()) counters->connect_failures.Increment();
}

void Server::Update(const config::Server* config, const config::BackendSettings* settings) {
  const bool moved = !(config->address == config_->address);
  const bool other_limits = config->max_requests() != max_requests_ || config->max_connections() != places_.limit();
  const bool speaks_otherwise = settings->protocol != settings_->protocol || settings->http2 != settings_->http2 ||
                                settings->send_proxy_protocol != settings_->send_proxy_protocol;
  const bool other_tls = settings->tls != settings_->tls;
  config_ = config;
  settings_ = settings;
  // Sessions stand for a server that was checked, by what holds no more or at another address.
  if (moved || other_tls) {
    tls_sessions_ = nullptr;
    spoke_http1_ = false;
  }
  if (config->admin_state == config::AdminState::kMaint) {
    CloseIdle();
    Abandon(/*only_connecting=*/false);
  } else if (moved) {
    const auto abandon_connecting = [](auto* connection) {
      if (connection->connecting()) {
        connection->Fail(http::ServerError::kAbandoned, "the server's address has changed");
      }
    };
    awaiting_.ForEach(abandon_connecting);
    in_use_.ForEach(abandon_connecting);
    shared_.ForEach(abandon_connecting);
    LeaveConnections();
  } else if (speaks_otherwise || other_tls) {
    LeaveConnections();
  }
  if (!other_limits) return;
  max_requests_ = config->max_requests();
  SetMaxConnections(config->max_connections());
  // Workers go over one by one: what this one has freed so far, by limits of its own, others may be waiting for.
  OnRoom();
}

void Server::SetMaxConnections(uint32_t limit) {
  if (places_.limited() && limit == config::kNoLimit) {
    // No more claims. Those under way want what is closed here.
    uint32_t claimed = idle_count_;
    while (claimed > 0 && places_.TryClaim()) --claimed;
    for (; claimed > 0; --claimed) {
      CloseOneIdleKeepingPlace();
      places_.Owe();
    }
  }
  const bool newly_limited = !places_.limited() && limit != config::kNoLimit;
  places_.set_limit(limit);
  if (newly_limited) places_.AddUnclaimed(idle_count_);
  while (places_.overfull() && idle_count_ > 0) CloseOneIdle();
}

void Server::Retire(std::unique_ptr<Server> server) {
  server->owner_ = nullptr;
  server->CloseIdle();
  server->retired_ = true;
  ++server->exchanges_;  // so that none that ends meanwhile destroys it
  server->Abandon(/*only_connecting=*/true);
  if (--server->exchanges_ > 0) server.release();  // the last EndRequest destroys it
}

bool Server::GiveUpPlace() {
  if (places_.PayDebt()) return true;
  // Without a limit, idle connections are not counted as what can be claimed.
  if (!places_.limited() || idle_count_ == 0) return false;
  CloseOneIdleKeepingPlace();
  return true;
}

void Server::OnPlaceGranted() {
  const auto connect = [this](auto* connection) {
    if (connection->Connect().ok()) return;
    ReleasePlace();
    connection->Fail(http::ServerError::kConnectFailed, "no descriptors left");
  };
  if (!awaiting_.empty()) {
    Connection* const connection = awaiting_.front();
    in_use_.PushBack(connection);
    connect(connection);
  } else if (SharedConnection* const connection = shared_.TakeAwaiting()) {
    connect(connection);
  } else {
    ReleasePlace();  // whose request has ended
  }
}

bool Server::MayKeep() const {
  return !retired_ && config_->admin_state != config::AdminState::kMaint &&
         idle_count_ < settings_->max_idle_connections && !places_.overfull();
}

void Server::OnKept() {
  ++idle_count_;
  if (places_.limited() && places_.AddUnclaimed(1)) OnRoom();
}

bool Server::Keep(Connection* connection) {
  if (!MayKeep() || !may_not_share()) return false;
  idle_.PushFront(connection);
  OnKept();
  return true;
}

bool Server::Keep(SharedConnection*) {
  if (!MayKeep() || !may_share()) return false;
  OnKept();
  return true;
}

void Server::OnClosed(bool awaited_place, bool was_idle) {
  if (awaited_place) return;
  if (was_idle) {
    --idle_count_;
    if (keep_place_) return;
    if (places_.limited() && !places_.TryClaim()) return places_.Owe();
  }
  ReleasePlace();
}

void Server::ReleasePlace() {
  if (places_.Close()) OnRoom();
}

void Server::CloseOneIdle() {
  if (!idle_.empty()) return idle_.back()->Close();
  if (SharedConnection* const idle = shared_.FindIdle()) idle->Close();
}

void Server::CloseOneIdleKeepingPlace() {
  keep_place_ = true;
  CloseOneIdle();
  keep_place_ = false;
}

void Server::CloseIdle() {
  while (idle_count_ > 0) CloseOneIdle();
}

void Server::LeaveConnections() {
  while (!idle_.empty()) idle_.front()->Close();
  in_use_.ForEach([](Connection* connection) { connection->DoNotKeep(); });
  const auto abandon_awaiting = [](auto* connection) {
    if (connection->awaits_place()) {
      connection->Fail(http::ServerError::kAbandoned, "how the server is spoken to has changed");
    }
  };
  awaiting_.ForEach(abandon_awaiting);
  shared_.ForEach(abandon_awaiting);
  shared_.ForEach([](SharedConnection* connection) { connection->Drain(); });
}

void Server::Abandon(bool only_connecting) {
  const auto abandon = [only_connecting](auto* connection) {
    if (only_connecting && !connection->connecting()) return;
    connection->Fail(http::ServerError::kAbandoned, "the server was taken out of service");
  };
  in_use_.ForEach(abandon);
  awaiting_.ForEach(abandon);
  shared_.ForEach(abandon);
}

}  // namespace fairlead::upstream
