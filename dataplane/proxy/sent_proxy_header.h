#pragma once

#include <string>

#include "dataplane/config/backend.h"
#include "dataplane/proxy/client.h"

namespace fairlead::proxy {

// What a connection to a server for `client` begins with; nothing for kNone. The destination is the address that the
// client connected to, or what its own PROXY header says; TLVs of such a header go on with version 2.
std::string MakeProxyHeader(config::ProxyProtocol version, const Client& client);

}  // namespace fairlead::proxy
