#include "dataplane/worker/refuse_connection.h"

#include <sys/socket.h>

#include <string_view>

namespace fairlead::worker {
namespace {

constexpr std::string_view kAnswer =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 54\r\nConnection: close\r\n\r\n"
    "503 Service Unavailable: the proxy's buffers are full\n";
constexpr std::string_view kBody = kAnswer.substr(kAnswer.find("\r\n\r\n") + 4);
static_assert(kBody.size() == 54);

}  // namespace

void RefuseHttpConnection(base::UniqueFd connection) {
  // Closing with a request unread would reset the connection, and could cost the client the answer (RFC 9112 §9.6).
  char dropped[4096];
  recv(connection.get(), dropped, sizeof(dropped), MSG_DONTWAIT);
  send(connection.get(), kAnswer.data(), kAnswer.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace fairlead::worker
