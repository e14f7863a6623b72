#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "tests/support/peer/head.h"
#include "tests/support/peer/reader.h"
#include "tests/support/peer/socket.h"

namespace fairlead::origin {

// One request and the means to answer it. Lives on its connection's thread for as long as the exchange.
struct Exchange {
  const peer::RequestHead& request;
  peer::BodyReader& body;
  peer::Socket& socket;
  std::string_view origin_name;
  uint64_t connection = 0;      // this connection's number
  uint64_t number = 0;          // of the request on it: 1, 2, ...
  bool keep_alive = true;       // cleared by a behaviour that ends the connection
  bool announces_close = true;  // whether the response says so
};

// A response's head with its empty line: `fields` are whole lines; X-Origin, X-Connection (its number), X-Exchange (its
// place on the connection) and, where the connection ends, Connection: close are added.
std::string ResponseHead(const Exchange& exchange, uint64_t status, std::string_view fields);

// A whole response with Content-Length; to HEAD, and with 204 and 304, without the body.
absl::Status Answer(const Exchange& exchange, uint64_t status, std::string_view body, std::string_view fields = "");

// One chunk of a chunked body.
absl::Status SendChunk(const Exchange& exchange, std::string_view bytes);

}  // namespace fairlead::origin
