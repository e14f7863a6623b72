#pragma once

#include "dataplane/net/address.h"

namespace fairlead::net {

// Whether only programs of this machine can connect to it: a loopback address (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3) or a
// unix socket.
bool IsOfThisMachine(const Address& address);

}  // namespace fairlead::net
