#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dataplane/http/field_list.h"
#include "dataplane/http/head_edits.h"
#include "dataplane/http/message.h"

// Writes messages as HTTP/1.1, into contiguous room that the caller has reserved: for each Write function there is a
// Max function that tells how much it may need. Heads may come from any codec. None allocates.
//
// What is written are the end-to-end fields, in their order and with names as received, then those that the caller's
// edits bring, then framing and connection fields written anew from the head (RFC 9110 §7.6.1). Removed are Connection
// and the fields it names, HTTP2-Settings, Keep-Alive, Proxy-Connection, TE, Transfer-Encoding and Upgrade, as well as
// Content-Length, which comes back in canonical form, and Trailer where no trailers can follow. Fields that lie beside
// one another in the form "name: value" CR LF, as a head that came by HTTP/1.1 has them, are copied as one run.
// Connection removes only what was received, never what edits bring.
namespace fairlead::http::h1 {

// A request's head for an HTTP/1.1 server, Host first. Of TE the member "trailers" is sent on, as "TE: trailers" beside
// "Connection: TE" (RFC 9110 §10.1.4), since trailers are. Expect is kept only if the head says expects_continue, so
// that no interim response comes for a client that cannot take it. With edits.upgrade TE is not sent on: some servers
// look for nothing but "upgrade" in Connection. A Content-Length of 0 is written where one was received and for methods
// that usually have a body (RFC 9110 §8.6). `head.framing` is kNone, kContentLength or kStreamed (chunked).
size_t MaxRequestHeadSize(const RequestHead& head, const HeadEdits& edits);
char* WriteRequestHead(const RequestHead& head, const HeadEdits& edits, char* out);

struct ResponseOptions {
  Method request_method = Method::kGet;
  uint8_t client_minor_version = 1;
  // Whether the client may send another request; said as "Connection: close" and, in 1.0, "Connection: keep-alive".
  // Where only the connection's end can end the body, close is said whatever this is.
  bool keep_alive = true;
  // An IMF-fixdate to add to a response that has no Date (RFC 9110 §6.6.1). Empty: add none.
  std::string_view date = {};
  const FieldEdits* edits = nullptr;  // null: none
  std::string_view upgrade = {};      // as in HeadEdits
};

// How the client will know where the body ends: kStreamed means chunked, which HTTP/1.0 does not have, and kUntilClose
// that the connection must be closed behind the body.
BodyFraming FramingForClient(BodyFraming framing, uint8_t client_minor_version);

// A response's head for an HTTP/1 client, interim ones (1xx) included: those get no framing, connection or Date fields.
// A tunnel's head (kTunnel) announces no body. The body follows in FramingForClient(head.framing,
// options.client_minor_version). Responses to HEAD and 304 keep the Content-Length they announce; 1xx and 204 lose it
// (RFC 9110 §8.6). A head that came by HTTP/2 gets its status' own reason phrase.
size_t MaxResponseHeadSize(const ResponseHead& head, const ResponseOptions& options);
char* WriteResponseHead(const ResponseHead& head, const ResponseOptions& options, char* out);

// The interim response that asks the client for the body (RFC 9110 §15.2.1).
inline constexpr std::string_view kContinueResponse = "HTTP/1.1 100 Continue\r\n\r\n";

// A chunk (RFC 9112 §7.1) is WriteChunkHeader, `size` bytes of data (at least 1: 0 would end the body), kChunkEnd.
inline constexpr size_t kMaxChunkHeaderSize = 18;
char* WriteChunkHeader(uint64_t size, char* out);
inline constexpr std::string_view kChunkEnd = "\r\n";

// The end of a chunked body without trailers, and with them.
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";
size_t MaxLastChunkSize(const FieldList& trailers);
char* WriteLastChunk(const FieldList& trailers, char* out);

}  // namespace fairlead::http::h1
