#pragma once

#include <string>
#include <string_view>

#include "dataplane/http/message.h"
#include "dataplane/load_balancing/random.h"

// WebSocket's handshake where a client and a server speak different versions of HTTP: HTTP/1.1's has a key and its
// confirmation (RFC 6455 §4), HTTP/2's has neither (RFC 8441 §5). Whoever is between them plays the part that is
// missing.
namespace fairlead::proxy {

// Whether a protocol of Upgrade is this one.
bool IsWebSocket(std::string_view protocol);

// A new Sec-WebSocket-Key.
std::string MakeWebSocketKey(load_balancing::Random& random);
// The Sec-WebSocket-Accept that confirms `key`.
std::string WebSocketAccept(std::string_view key);

// The only value of that name; empty: none, or several.
std::string_view FindOnlyValue(const http::FieldList& fields, std::string_view name);

}  // namespace fairlead::proxy
