#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/http/h1/field_parser.h"
#include "dataplane/http/h1/framing.h"
#include "dataplane/http/h1/parse_result.h"
#include "dataplane/http/head_limits.h"
#include "dataplane/http/message.h"

namespace fairlead::http::h1 {

// Reads the head of an HTTP/1.0 or 1.1 response, interim ones included, as strictly as RequestParser reads requests,
// because a response that ends elsewhere than thought becomes part of the next one. Every error has status 502, to be
// answered to the client.
//
// The status line (RFC 9112 §4) is `HTTP/1.x SP 3DIGIT SP reason CR LF` with a status of 100 to 599. The space before
// an empty reason may be missing: the grammar wants it, but servers exist that leave it out, and nothing can be
// confused by it. HTTP/1.2 and later minor versions are read as 1.1. No empty line may come before. 24 bytes that hold
// offsets only. Thread-compatible.
class ResponseParser {
 public:
  // `limits` must outlive the parser.
  explicit ResponseParser(const HeadLimits* limits) : limits_(limits) {}

  // As RequestParser::Parse. The method of the request that this answers decides, with the status, whether there is a
  // body (RFC 9112 §6.3): head->framing is
  //
  //   kNone           for HEAD, CONNECT with 2xx, 1xx, 204, 304, and a Content-Length of 0. A Content-Length that
  //                   announces what GET would have had stays in head->fields and content_length.
  //   kStreamed       chunked
  //   kUntilClose     neither chunked nor Content-Length; head->keep_alive is false
  //   kContentLength  otherwise
  //
  // keep_alive is false as well after a 1xx or 204 that claims to have a body against RFC 9112 §6.1 and RFC 9110 §8.6:
  // a server so mistaken may send one.
  ParseResult Parse(std::string_view bytes, Method request_method, ResponseHead* head);

  // Ready for another head. Also to be called between an interim (1xx) response and what follows it.
  void Reset() { *this = ResponseParser(limits_); }

 private:
  enum class Stage : uint8_t { kStatus, kReason, kFields };

  ParseResult ParseStatusLine(std::string_view bytes, ResponseHead* head);
  ParseResult ParseFields(std::string_view bytes, Method request_method, ResponseHead* head);
  ParseResult Finish(Method request_method, ResponseHead* head);

  const HeadLimits* limits_;
  FieldParser fields_;  // its position is that of the status line's parser, too
  Stage stage_ = Stage::kStatus;
  FramingFields framing_;
};
static_assert(sizeof(ResponseParser) == 24);

}  // namespace fairlead::http::h1
