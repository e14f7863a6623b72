#include "dataplane/worker/worker_listener.h"

#include <utility>

#include "dataplane/net/listening_socket.h"
#include "dataplane/net/socket_options.h"
#include "dataplane/proxy/downstream_connection.h"

namespace fairlead::worker {

WorkerListener::WorkerListener(proxy::Environment* environment, const config::Listener& config)
    : environment_(environment), id_(config.id), sockets_(config.sockets.get()) {
  TakeSettings(config);
  acceptor_ = Open(config);
}

WorkerListener::~WorkerListener() {
  if (acceptor_ != nullptr) acceptor_->Close();
  state_.connections.ForEach([](proxy::DownstreamConnection* connection) { connection->Kill(); });
}

void WorkerListener::TakeSettings(const config::Listener& config) {
  state_.route_table = config.route_table;
  state_.route_table_id = config.route_table_id;
  state_.idle_timeout_ms = config.idle_timeout.count();
  state_.header_timeout_ms = config.header_timeout.count();
  state_.head_limits.max_head_bytes = config.max_header_bytes;
  state_.head_limits.max_fields = config.max_header_count;
}

event::Acceptor* WorkerListener::Open(const config::Listener& config) {
  const int fd = config.sockets->descriptors[environment_->worker_index].Release();
  return environment_->loop->Accept(fd, this);
}

void WorkerListener::Update(const config::Listener& config) {
  TakeSettings(config);
  if (config.sockets.get() == sockets_) return;
  sockets_ = config.sockets.get();
  event::Acceptor* old = std::exchange(acceptor_, Open(config));
  old->Close();
}

void WorkerListener::Drain() {
  if (acceptor_ == nullptr) return;
  std::exchange(acceptor_, nullptr)->Close();
  state_.draining = true;
  state_.connections.ForEach([](proxy::DownstreamConnection* connection) { connection->Drain(); });
}

void WorkerListener::OnAccepted(int fd, const sockaddr* peer, socklen_t) {
  event::TurnScope scope(environment_->turn_work);
  if (peer->sa_family != AF_UNIX) net::DisableNagle(fd);
  new proxy::DownstreamConnection(environment_, &state_, fd);  // owns itself
}

void WorkerListener::OnAcceptError(int) { environment_->counters->accept_errors.Increment(); }

}  // namespace fairlead::worker
