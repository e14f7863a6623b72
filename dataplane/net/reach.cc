#include "dataplane/net/reach.h"

#include <netinet/in.h>
#include <sys/socket.h>

namespace fairlead::net {

bool IsOfThisMachine(const Address& address) {
  switch (address.family()) {
    case AF_UNIX:
      return true;
    case AF_INET:
      return ntohl(reinterpret_cast<const sockaddr_in*>(address.get())->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    default:
      return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(address.get())->sin6_addr);
  }
}

}  // namespace fairlead::net
