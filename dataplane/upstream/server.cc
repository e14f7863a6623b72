#include "dataplane/upstream/server.h"

#include <utility>

#include "dataplane/net/socket_options.h"

namespace fairlead::upstream {

Server::Server(Environment* environment, const config::Server* config, const config::BackendSettings* settings,
               metrics::BackendWorkerCounters* backend_counters, ServerOwner* owner, config::ServerSlot slot)
    : environment_(environment),
      config_(config),
      settings_(settings),
      owner_(owner),
      slot_(slot),
      active_requests_(&config->counters->active_requests),
      max_requests_(config->max_requests),
      places_(config->counters.get(), config->max_connections),
      counters_(&config->counters->of_worker(environment->worker_index)),
      backend_counters_(backend_counters) {}

Server::~Server() {
  CloseIdle();
  in_use_.ForEach([](Connection* connection) { connection->Close(); });
  awaiting_.ForEach([](Connection* connection) { connection->Close(); });
}

bool Server::HasRoom() const { return active_requests_->load() < max_requests_ && places_.HasRoom(); }

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
  ConnectionPlace place = ConnectionPlace::kNew;
  if (!fresh && !idle_.empty() && (!places_.limited() || places_.TryClaim())) {
    place = ConnectionPlace::kIdle;
  } else if (places_.TryOpen()) {
    place = ConnectionPlace::kNew;
  } else if (places_.TryClaim()) {
    place = ConnectionPlace::kAwaited;
  } else {
    return std::nullopt;
  }
  if (!TakeRequest()) {
    // Only with a limit can that be. A claim that nobody was told of is as good as an idle connection.
    if (place == ConnectionPlace::kNew) {
      ReleasePlace();
    } else if (places_.limited() && places_.AddUnclaimed(1)) {
      OnRoom();
    }
    return std::nullopt;
  }
  ++exchanges_;
  backend_counters_->requests_active.Increment();
  return place;
}

void Server::EndRequest() {
  --exchanges_;
  backend_counters_->requests_active.Decrement();
  if (active_requests_->fetch_sub(1) >= max_requests_) OnRoom();
  if (retired_ && exchanges_ == 0) delete this;
}

absl::StatusOr<Connection*> Server::Acquire(ConnectionUser* user, ConnectionPlace place) {
  for (metrics::UpstreamCounters* counters : BothCounters()) counters->requests.Increment();
  switch (place) {
    case ConnectionPlace::kIdle: {
      Connection* connection = idle_.front();
      --idle_count_;
      in_use_.PushBack(connection);
      connection->Use(user);
      return connection;
    }
    case ConnectionPlace::kNew:
      return Open(user);
    case ConnectionPlace::kAwaited:
      // One of this worker's own will do, and at once: it is asked for a fresh one.
      if (GiveUpPlace()) return Open(user);
      auto* connection = new Connection(environment_, this, user);
      awaiting_.PushBack(connection);
      owner_->ClaimConnection(slot_);
      return connection;
  }
  return absl::InternalError("unknown place");
}

absl::StatusOr<Connection*> Server::Open(ConnectionUser* user) {
  auto* connection = new Connection(environment_, this, user);
  if (absl::Status status = connection->Connect(); !status.ok()) {
    connection->Close();
    ReleasePlace();
    return status;
  }
  in_use_.PushBack(connection);
  return connection;
}

void Server::OnConnectBegun() {
  for (metrics::UpstreamCounters* counters : BothCounters()) counters->connections.Increment();
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
  const bool other_limits = config->max_requests != max_requests_ || config->max_connections != places_.limit();
  config_ = config;
  settings_ = settings;
  if (config->admin_state == config::AdminState::kMaint) {
    CloseIdle();
    Abandon(/*only_connecting=*/false);
  } else if (moved) {
    CloseIdle();
    awaiting_.ForEach([](Connection* connection) {
      connection->Fail(http::ServerError::kAbandoned, "the server's address has changed");
    });
    in_use_.ForEach([](Connection* connection) {
      if (connection->connecting()) {
        connection->Fail(http::ServerError::kAbandoned, "the server's address has changed");
      } else {
        connection->DoNotKeep();
      }
    });
  }
  if (!other_limits) return;
  max_requests_ = config->max_requests;
  SetMaxConnections(config->max_connections);
  // Workers go over one by one: what this one has freed so far, by limits of its own, others may be waiting for.
  OnRoom();
}

void Server::SetMaxConnections(uint32_t limit) {
  if (places_.limited() && limit == config::kNoLimit) {
    // No more claims. Those under way want what is closed here.
    uint32_t claimed = idle_count_;
    while (claimed > 0 && places_.TryClaim()) --claimed;
    for (; claimed > 0; --claimed) {
      CloseKeepingPlace(idle_.back());
      places_.Owe();
    }
  }
  const bool newly_limited = !places_.limited() && limit != config::kNoLimit;
  places_.set_limit(limit);
  if (newly_limited) places_.AddUnclaimed(idle_count_);
  while (places_.overfull() && !idle_.empty()) idle_.back()->Close();
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
  if (!places_.limited() || idle_.empty()) return false;
  CloseKeepingPlace(idle_.back());
  return true;
}

void Server::OnPlaceGranted() {
  if (awaiting_.empty()) return ReleasePlace();  // whose request has ended
  Connection* connection = awaiting_.front();
  in_use_.PushBack(connection);
  if (connection->Connect().ok()) return;
  ReleasePlace();
  connection->Fail(http::ServerError::kConnectFailed, "no descriptors left");
}

bool Server::Keep(Connection* connection) {
  if (retired_ || config_->admin_state == config::AdminState::kMaint) return false;
  if (idle_count_ >= settings_->max_idle_connections || places_.overfull()) return false;
  idle_.PushFront(connection);
  ++idle_count_;
  if (places_.limited() && places_.AddUnclaimed(1)) OnRoom();
  return true;
}

void Server::OnClosed(Connection* connection) {
  if (connection->awaits_place()) return;
  if (connection->idle()) {
    --idle_count_;
    if (keep_place_) return;
    if (places_.limited() && !places_.TryClaim()) return places_.Owe();
  }
  ReleasePlace();
}

void Server::ReleasePlace() {
  if (places_.Close()) OnRoom();
}

void Server::CloseKeepingPlace(Connection* connection) {
  keep_place_ = true;
  connection->Close();
  keep_place_ = false;
}

void Server::CloseIdle() {
  while (!idle_.empty()) idle_.front()->Close();
}

void Server::Abandon(bool only_connecting) {
  const auto abandon = [only_connecting](Connection* connection) {
    if (only_connecting && !connection->connecting()) return;
    connection->Fail(http::ServerError::kAbandoned, "the server was taken out of service");
  };
  in_use_.ForEach(abandon);
  awaiting_.ForEach(abandon);
}

}  // namespace fairlead::upstream
