#pragma once

#include <string_view>

#include "dataplane/http/field_list.h"
#include "dataplane/http/message.h"
#include "dataplane/net/address.h"
#include "dataplane/tls/peer_certificate.h"

namespace fairlead::routing {

// What a request is routed by. Valid for the time of a call.
struct RequestView {
  // A host or IP address, maybe with a port (RFC 9110 §7.2).
  std::string_view authority;
  // Without the query, or "*", or CONNECT's host and port.
  std::string_view path;
  // What follows the '?'.
  std::string_view query;
  http::Method method = http::Method::kGet;
  std::string_view method_text = "GET";
  const http::FieldList* fields;
  // Of the client, as the listener says who that is.
  const net::Address* source;
  // That the client has shown, verified; null: none.
  const tls::PeerCertificate* client_certificate = nullptr;
};

}  // namespace fairlead::routing
