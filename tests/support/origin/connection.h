#pragma once

#include <string>

#include "tests/support/origin/journal.h"
#include "tests/support/peer/socket.h"

namespace fairlead::origin {

struct Options {
  std::string name = "origin";
  std::string default_body;
};

// Serves one connection, request after request, until either side ends it. Blocks: each connection has a thread.
// `options` and `journal` are shared by all of them.
void ServeConnection(peer::Socket socket, const Options& options, Journal& journal);

}  // namespace fairlead::origin
