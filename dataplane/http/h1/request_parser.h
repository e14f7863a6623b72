#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/http/h1/field_parser.h"
#include "dataplane/http/h1/framing.h"
#include "dataplane/http/h1/parse_result.h"
#include "dataplane/http/head_limits.h"
#include "dataplane/http/message.h"

namespace fairlead::http::h1 {

// Reads the head of an HTTP/1.0 or 1.1 request by RFC 9112, refusing whatever another parser on the path might read
// differently:
//
//   400  a request line that is not exactly `method SP target SP HTTP/1.x CR LF` (§3); what FieldParser refuses; no
//        Host in 1.1, two Hosts or an invalid one (§3.2); Content-Length that is repeated, a list or no number (§6.3);
//        Transfer-Encoding in 1.0 or beside Content-Length (§6.1), repeated, or not ending in a single chunked;
//        more than kMaxConnectionOptions options in Connection, or longer than kMaxConnectionOptionSize; CONNECT with a
//        body (RFC 9110 §9.3.6), which would be taken for what follows in its tunnel, or the other way round
//   414  a target beyond the limit
//   417  an expectation other than 100-continue (RFC 9110 §10.1.1)
//   431  a head or a number of fields beyond the limits (RFC 6585 §5)
//   501  a method of more than 32 characters (RFC 9112 §3), codings other than chunked below it (§6.1)
//   505  a major version other than 1
//
// One empty line before the request line is skipped (§2.2). HTTP/1.2 and later minor versions are read as 1.1
// (RFC 9110 §2.5). 24 bytes that hold offsets only, so an idle connection keeps no buffer for it. Thread-compatible.
//
//   RequestParser parser(&limits);
//   // for each piece of input, with all bytes since the head's first:
//   ParseResult result = parser.Parse(bytes, &head);
//   // after kDone: the body is at bytes.substr(result.head_size); for the next request:
//   parser.Reset();
class RequestParser {
 public:
  // `limits` must outlive the parser.
  explicit RequestParser(const HeadLimits* limits) : limits_(limits) {}

  // `bytes` is everything received since the head's first byte, what earlier calls saw included, maybe at another
  // address; it may go on beyond the head. `head` must be the same object until kDone; it needs no clearing, and its
  // base is `bytes`. Each byte is looked at once, however small the pieces, and the outcome does not depend on them.
  // After kDone or kError only Reset may follow. After an error `head` holds what was understood, for the access log.
  //
  // head->framing and content_length say how to read the body; expects_continue is set only if there is one.
  ParseResult Parse(std::string_view bytes, RequestHead* head);

  // Ready for another head.
  void Reset() { *this = RequestParser(limits_); }

 private:
  enum class Stage : uint8_t { kStart, kMethod, kTarget, kVersion, kFields };

  ParseResult ParseRequestLine(std::string_view bytes, RequestHead* head);
  ParseResult ParseVersion(std::string_view bytes, RequestHead* head);
  ParseResult ParseFields(std::string_view bytes, RequestHead* head);
  ParseResult OnField(const FieldList::Field& field, RequestHead* head);
  ParseResult Finish(RequestHead* head);

  const HeadLimits* limits_;
  FieldParser fields_;  // its position is that of the request line's parser, too
  Stage stage_ = Stage::kStart;
  FramingFields framing_;
  bool saw_host_ : 1 = false;
  bool target_has_authority_ : 1 = false;
  bool saw_continue_ : 1 = false;
  bool saw_other_expectation_ : 1 = false;
};
static_assert(sizeof(RequestParser) == 24);

}  // namespace fairlead::http::h1
