#include "dataplane/upstream/server.h"

#include <utility>

#include "dataplane/net/socket_options.h"

namespace fairlead::upstream {

Server::Server(Environment* environment, const config::Server* config, const config::BackendSettings* settings,
               metrics::BackendWorkerCounters* backend_counters)
    : environment_(environment),
      config_(config),
      settings_(settings),
      active_requests_(&config->counters->active_requests),
      counters_(&config->counters->of_worker(environment->worker_index)),
      backend_counters_(backend_counters) {}

Server::~Server() {
  CloseIdle();
  in_use_.ForEach([](Connection* connection) { connection->Close(); });
}

absl::StatusOr<Connection*> Server::Acquire(ConnectionUser* user, bool fresh) {
  while (!fresh && !idle_.empty()) {
    Connection* connection = idle_.front();
    // What came on it since its last exchange, and this turn has not been told yet, would be taken for the answer.
    if (connection->HasNews()) {
      connection->Close();
      continue;
    }
    --idle_count_;
    in_use_.PushBack(connection);
    connection->Use(user);
    return connection;
  }
  absl::StatusOr<base::UniqueFd> fd = net::OpenStreamSocket(address());
  if (!fd.ok()) return fd.status();
  if (fd->get() >= environment_->loop->descriptor_ceiling()) return absl::ResourceExhaustedError("no descriptors left");
  for (metrics::UpstreamCounters* counters : BothCounters()) counters->connections.Increment();
  auto* connection = new Connection(environment_, this, fd->Release(), user);
  in_use_.PushBack(connection);
  return connection;
}

void Server::BeginRequest() {
  ++exchanges_;
  active_requests_->fetch_add(1, std::memory_order_relaxed);
  for (metrics::UpstreamCounters* counters : BothCounters()) counters->requests.Increment();
  backend_counters_->requests_active.Increment();
}

void Server::EndRequest() {
  --exchanges_;
  active_requests_->fetch_sub(1, std::memory_order_relaxed);
  backend_counters_->requests_active.Decrement();
  if (retired_ && exchanges_ == 0) delete this;
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
  config_ = config;
  settings_ = settings;
  if (config->admin_state == config::AdminState::kMaint) {
    CloseIdle();
    Abandon(/*only_connecting=*/false);
  } else if (moved) {
    CloseIdle();
    in_use_.ForEach([](Connection* connection) {
      if (connection->connecting()) {
        connection->Fail(http::ServerError::kAbandoned, "the server's address has changed");
      } else {
        connection->DoNotKeep();
      }
    });
  }
}

void Server::Retire(std::unique_ptr<Server> server) {
  server->CloseIdle();
  server->retired_ = true;
  ++server->exchanges_;  // so that none that ends meanwhile destroys it
  server->Abandon(/*only_connecting=*/true);
  if (--server->exchanges_ > 0) server.release();  // the last EndRequest destroys it
}

bool Server::Keep(Connection* connection) {
  if (retired_ || config_->admin_state == config::AdminState::kMaint) return false;
  if (idle_count_ >= settings_->max_idle_connections) return false;
  idle_.PushFront(connection);
  ++idle_count_;
  return true;
}

void Server::OnClosed(Connection* connection) {
  if (connection->idle()) --idle_count_;
}

void Server::CloseIdle() {
  while (!idle_.empty()) idle_.front()->Close();
}

void Server::Abandon(bool only_connecting) {
  in_use_.ForEach([only_connecting](Connection* connection) {
    if (only_connecting && !connection->connecting()) return;
    connection->Fail(http::ServerError::kAbandoned, "the server was taken out of service");
  });
}

}  // namespace fairlead::upstream
