#include "dataplane/proxy/accept.h"

#include <utility>

#include "dataplane/base/unique_fd.h"
#include "dataplane/buffer/slice.h"
#include "dataplane/proxy/admission.h"
#include "dataplane/proxy/client.h"
#include "dataplane/proxy/client_hello_reader.h"
#include "dataplane/proxy/downstream_connection.h"
#include "dataplane/proxy/proxy_header_reader.h"
#include "dataplane/proxy/tcp_connection.h"
#include "dataplane/proxy/tls_handshake.h"

namespace fairlead::proxy {
namespace {

// `begin` was received already. What is made owns itself.
void Serve(Environment* environment, Client client, event::Socket* socket, buffer::Slice begin) {
  if (client.listener->tcp.has_value() && client.listener->tcp->sni_router != nullptr) {
    new ClientHelloReader(environment, std::move(client), socket, std::move(begin));
  } else if (client.listener->tcp.has_value()) {
    TcpBeginning beginning;
    if (!begin.empty()) beginning.bytes.push_back(std::move(begin));
    new TcpConnection(environment, std::move(client), socket, std::move(beginning));
  } else {
    new DownstreamConnection(environment, std::move(client), socket, std::move(begin),
                             DownstreamConnection::Protocol::kDetect);
  }
}

// Whatever TLS is for.
void ServeSecurely(Environment* environment, Client client, event::Socket* socket, buffer::Slice begin) {
  if (client.listener->tls == nullptr) return Serve(environment, std::move(client), socket, std::move(begin));
  new TlsHandshake(environment, std::move(client), socket, std::move(begin), &Serve);
}

}  // namespace

void AcceptClient(Environment* environment, ListenerState* listener, int fd, net::Address peer) {
  base::UniqueFd owned(fd);
  if (listener->proxy_protocol != nullptr && !listener->proxy_protocol->trusted_sources.Contains(peer)) {
    listener->own_counters->proxy_header_untrusted.Increment();
    return;
  }
  Client client{.listener = listener, .address = std::move(peer), .fd = fd};
  if (!Admit(environment, client)) return;
  if (listener->proxy_protocol == nullptr && !AdmitSource(environment, client)) return Dismiss(environment, client);
  // Whoever serves it sets the handler before anything can come.
  event::Socket* socket = environment->loop->Adopt(owned.Release(), nullptr);
  if (listener->proxy_protocol == nullptr) {
    ServeSecurely(environment, std::move(client), socket, {});
  } else {
    new ProxyHeaderReader(environment, std::move(client), socket, &ServeSecurely);
  }
}

}  // namespace fairlead::proxy
