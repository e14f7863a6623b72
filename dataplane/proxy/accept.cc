#include "dataplane/proxy/accept.h"

#include <utility>

#include "dataplane/base/unique_fd.h"
#include "dataplane/buffer/slice.h"
#include "dataplane/proxy/admission.h"
#include "dataplane/proxy/client.h"
#include "dataplane/proxy/downstream_connection.h"
#include "dataplane/proxy/tcp_connection.h"

namespace fairlead::proxy {
namespace {

// `begin` was received already. What is made owns itself.
void Serve(Environment* environment, Client client, event::Socket* socket, buffer::Slice begin) {
  if (client.listener->tcp.has_value()) {
    new TcpConnection(environment, std::move(client), socket, std::move(begin));
  } else {
    new DownstreamConnection(environment, std::move(client), socket, std::move(begin));
  }
}

}  // namespace

void AcceptClient(Environment* environment, ListenerState* listener, int fd, net::Address peer) {
  base::UniqueFd owned(fd);
  Client client{.listener = listener, .address = std::move(peer)};
  if (!Admit(environment, client)) return;
  // Whoever serves it sets the handler before anything can come.
  event::Socket* socket = environment->loop->Adopt(owned.Release(), nullptr);
  Serve(environment, std::move(client), socket, {});
}

}  // namespace fairlead::proxy
