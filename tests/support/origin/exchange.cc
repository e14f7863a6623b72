#include "tests/support/origin/exchange.h"

#include <charconv>

#include "tests/support/peer/text.h"

namespace fairlead::origin {

using peer::Concat;

std::string ResponseHead(const Exchange& exchange, uint64_t status, std::string_view fields) {
  bool says_close = !exchange.keep_alive && exchange.announces_close;
  return Concat("HTTP/1.1 ", status, " ", status < 400 ? "Fine" : "Trouble", "\r\nX-Origin: ", exchange.origin_name,
                "\r\nX-Connection: ", exchange.connection, "\r\nX-Exchange: ", exchange.number, "\r\n",
                says_close ? "Connection: close\r\n" : "", fields, "\r\n");
}

absl::Status Answer(const Exchange& exchange, uint64_t status, std::string_view body, std::string_view fields) {
  if (status == 204) return exchange.socket.Write(ResponseHead(exchange, status, fields));
  std::string with_length = Concat("Content-Length: ", body.size(), "\r\n", fields);
  bool without_body = exchange.request.method == "HEAD" || status == 304;
  return exchange.socket.Write(Concat(ResponseHead(exchange, status, with_length), without_body ? "" : body));
}

absl::Status SendChunk(const Exchange& exchange, std::string_view bytes) {
  char size[16];
  char* end = std::to_chars(size, size + sizeof(size), bytes.size(), 16).ptr;
  return exchange.socket.Write(Concat(std::string_view(size, end), "\r\n", bytes, "\r\n"));
}

}  // namespace fairlead::origin
