#pragma once

#include <string>

#include "dataplane/net/network.h"

namespace fairlead::config {

// What servers are told about where requests came from. Immutable, shared between revisions.
struct Forwarding {
  net::NetworkSet trusted_proxies;
  bool x_forwarded_for = false;
  bool x_forwarded_proto = false;
  bool x_forwarded_host = false;
  bool forwarded = false;
  bool x_request_id = false;
  // What is added to Via for a message of HTTP/1.0, of 1.1, and of 2: "1.1 " and the pseudonym. Empty: nothing.
  std::string via[3];
};

}  // namespace fairlead::config
