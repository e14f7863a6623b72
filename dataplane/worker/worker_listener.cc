#include "dataplane/worker/worker_listener.h"

#include <cerrno>

#include "dataplane/event/turn_work.h"
#include "dataplane/net/address.h"
#include "dataplane/net/listening_socket.h"
#include "dataplane/net/socket_options.h"
#include "dataplane/proxy/downstream_connection.h"
#include "dataplane/worker/refuse_connection.h"

namespace fairlead::worker {

WorkerListener::WorkerListener(proxy::Environment* environment, const config::Listener& config)
    : environment_(environment), id_(config.id) {
  Update(config);
}

WorkerListener::~WorkerListener() {
  state_.connections.ForEach([](proxy::DownstreamConnection* connection) { connection->Kill(); });
}

void WorkerListener::Update(const config::Listener& config) {
  sockets_ = config.sockets.get();
  state_.counters = config.counters;
  state_.own_counters = &config.counters->of_worker(environment_->worker_index);
  state_.http = config.http;
  state_.head_limits.max_head_bytes = config.http.max_header_bytes;
  state_.head_limits.max_fields = config.http.max_header_count;
  state_.head_limits.max_target_bytes = config.http.max_uri_bytes;
}

void WorkerListener::Drain() {
  state_.draining = true;
  state_.connections.ForEach([](proxy::DownstreamConnection* connection) { connection->Drain(); });
}

void WorkerListener::Accept(int fd, const sockaddr* peer, socklen_t peer_length) {
  if (environment_->loop->blocks().tight()) {
    environment_->counters->max_buffer_bytes.Increment();
    return RefuseConnection(fd);
  }
  if (peer->sa_family != AF_UNIX) net::DisableNagle(fd);
  // Owns itself. Listeners are of families that an Address knows.
  new proxy::DownstreamConnection(environment_, &state_, fd, *net::Address::FromSockaddr(peer, peer_length));
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
