#include "dataplane/http/h1/hostile_responses.h"

#include <string_view>

namespace fairlead::http::h1 {
namespace {

using std::string_view_literals::operator""sv;

// Stand before an empty field section.
constexpr std::string_view kStatusLines[] = {
    // RFC 9112 §4: version SP 3DIGIT SP reason CR LF.
    "HTTP/1.1 200 OK\n"sv,
    "HTTP/1.1 200 OK\r"sv,
    "HTTP/1.1 200 OK\r\r\n"sv,
    "HTTP/1.1 200 OK\rX: y\r\n"sv,
    "HTTP/1.1 200 OK\nX: y\r\n"sv,
    "HTTP/1.1 200 O\0K\r\n"sv,
    "HTTP/1.1 200 O\x7fK\r\n"sv,
    "HTTP/1.1 200 O\x1bK\r\n"sv,
    "HTTP/1.1 200\n"sv,
    "HTTP/1.1 200\tOK\r\n"sv,
    "HTTP/1.1 200OK\r\n"sv,
    "HTTP/1.1  200 OK\r\n"sv,
    "HTTP/1.1\t200 OK\r\n"sv,
    "HTTP/1.1 OK\r\n"sv,
    "HTTP/1.1\r\n"sv,
    "HTTP/1.1 \r\n"sv,
    "HTTP/1.1 20 OK\r\n"sv,
    "HTTP/1.1 2000 OK\r\n"sv,
    "HTTP/1.1 2x0 OK\r\n"sv,
    "HTTP/1.1 +20 OK\r\n"sv,
    "HTTP/1.1 -20 OK\r\n"sv,
    "HTTP/1.1 000 OK\r\n"sv,
    "HTTP/1.1 099 OK\r\n"sv,
    "HTTP/1.1 600 OK\r\n"sv,
    "HTTP/1.1 999 OK\r\n"sv,
    "HTTP/2.0 200 OK\r\n"sv,
    "HTTP/0.9 200 OK\r\n"sv,
    "HTTP/1 200 OK\r\n"sv,
    "HTTP/1. 200 OK\r\n"sv,
    "HTTP/1.10 200 OK\r\n"sv,
    "HTTP/x.1 200 OK\r\n"sv,
    "http/1.1 200 OK\r\n"sv,
    "ICY 200 OK\r\n"sv,
    "200 OK\r\n"sv,
    "<html>\r\n"sv,
    " HTTP/1.1 200 OK\r\n"sv,
    "\r\nHTTP/1.1 200 OK\r\n"sv,
    "\nHTTP/1.1 200 OK\r\n"sv,
};

// Stand between "HTTP/1.1 200 OK" and the empty line.
constexpr std::string_view kFields[] = {
    "X: y\n"sv,
    "X: y\r"sv,
    "X: y\rZ: z\r\n"sv,
    "X: y\0\r\n"sv,
    "X: y\x01\r\n"sv,
    "X: y\r\n z\r\n"sv,
    " X: y\r\n"sv,
    "X : y\r\n"sv,
    ": y\r\n"sv,
    "X\r\n"sv,
    "X Y: z\r\n"sv,
    "\xc3\xa9: y\r\n"sv,
    // Framing (§6.3).
    "Content-Length: 5\r\nContent-Length: 5\r\n"sv,
    "Content-Length: 5\r\nContent-Length: 6\r\n"sv,
    "Content-Length: 5, 5\r\n"sv,
    "Content-Length: +5\r\n"sv,
    "Content-Length: -1\r\n"sv,
    "Content-Length: 0x5\r\n"sv,
    "Content-Length:\r\n"sv,
    "Content-Length: 9223372036854775808\r\n"sv,
    "Content-Length: 18446744073709551621\r\n"sv,
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"sv,
    "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"sv,
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"sv,
    "Transfer-Encoding: chunked, chunked\r\n"sv,
    "Transfer-Encoding: gzip, chunked\r\n"sv,
    "Transfer-Encoding: gzip\r\n"sv,
    "Transfer-Encoding: identity\r\n"sv,
    "Transfer-Encoding: xchunked\r\n"sv,
    "Transfer-Encoding: chunked;q=1\r\n"sv,
    "Transfer-Encoding: \"chunked\"\r\n"sv,
    "Transfer-Encoding:\r\n"sv,
    "Transfer-Encoding : chunked\r\n"sv,
};

// Whole heads.
constexpr std::string_view kHeads[] = {
    "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"sv,
    "HTTP/1.1 200 OK\r\nX: y\r\n\n"sv,
    "HTTP/1.1 200 OK\n\n"sv,
    "HTTP/1.1 204 No Content\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"sv,
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"sv,
};

}  // namespace

std::vector<std::string> HostileResponses() {
  std::vector<std::string> responses;
  for (std::string_view line : kStatusLines) responses.push_back(std::string(line) + "\r\n");
  for (std::string_view field : kFields) {
    responses.push_back("HTTP/1.1 200 OK\r\n" + std::string(field) + "\r\n");
  }
  for (std::string_view head : kHeads) responses.push_back(std::string(head));
  return responses;
}

}  // namespace fairlead::http::h1
