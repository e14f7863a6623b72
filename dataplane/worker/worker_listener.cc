#include "dataplane/worker/worker_listener.h"

#include <cerrno>
#include <utility>

#include "dataplane/base/unique_fd.h"
#include "dataplane/event/turn_work.h"
#include "dataplane/net/address.h"
#include "dataplane/net/listening_socket.h"
#include "dataplane/net/socket_options.h"
#include "dataplane/proxy/accept.h"
#include "dataplane/proxy/client_connection.h"
#include "dataplane/worker/refuse_connection.h"

namespace fairlead::worker {

WorkerListener::WorkerListener(proxy::Environment* environment, const config::Listener& config)
    : environment_(environment) {
  state_.id = config.id;
  Update(config);
}

WorkerListener::~WorkerListener() {
  state_.connections.ForEach([](proxy::ClientConnection* connection) { connection->Kill(); });
}

void WorkerListener::Update(const config::Listener& config) {
  sockets_ = config.sockets.get();
  state_.counters = config.counters;
  state_.own_counters = &config.counters->of_worker(environment_->worker_index);
  state_.http = config.http;
  state_.tcp = config.tcp;
  state_.proxy_protocol = config.proxy_protocol;
  state_.tls = config.tls;
  state_.max_connections = config.max_connections;
  state_.max_connections_per_source = config.max_connections_per_source;
  state_.sources = config.sources;
  state_.access_log = environment_->access_log != nullptr ? config.access_log : nullptr;
  state_.wants_times = state_.access_log != nullptr;
  state_.head_limits.max_head_bytes = config.http.max_header_bytes;
  state_.head_limits.max_fields = config.http.max_header_count;
  state_.head_limits.max_target_bytes = config.http.max_uri_bytes;
}

void WorkerListener::Drain() {
  state_.draining = true;
  state_.connections.ForEach([](proxy::ClientConnection* connection) { connection->Drain(); });
}

void WorkerListener::Accept(int fd, const sockaddr* peer, socklen_t peer_length) {
  if (environment_->loop->blocks().tight()) {
    environment_->counters->max_buffer_bytes.Increment();
    base::UniqueFd connection(fd);
    if (!state_.tcp.has_value() && state_.tls == nullptr) RefuseHttpConnection(std::move(connection));
    return;
  }
  if (peer->sa_family != AF_UNIX) net::DisableNagle(fd);
  // Listeners are of families that an Address knows.
  proxy::AcceptClient(environment_, &state_, fd, *net::Address::FromSockaddr(peer, peer_length));
}

ListeningSocket::ListeningSocket(proxy::Environment* environment, net::ListeningSockets* sockets)
    : environment_(environment),
      sockets_(sockets),
      acceptor_(environment->loop->Accept(sockets->descriptors[environment->worker_index].Release(), this)) {}

ListeningSocket::~ListeningSocket() { acceptor_->Close(); }

void ListeningSocket::OnAccepted(int fd, const sockaddr* peer, socklen_t peer_length) {
  event::TurnScope scope(environment_->turn_work);
  listener_->Accept(fd, peer, peer_length);
}

void ListeningSocket::OnAcceptError(int error) {
  environment_->counters->accept_errors.Increment();
  if (error == EMFILE || error == ENFILE) environment_->counters->descriptors.Increment();
}

}  // namespace fairlead::worker
