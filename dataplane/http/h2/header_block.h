#pragma once

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "dataplane/http/field_list.h"
#include "dataplane/http/head_edits.h"
#include "dataplane/http/message.h"

namespace fairlead::http::h2 {

struct ResponseOptions {
  Method request_method = Method::kGet;
  // An IMF-fixdate to add to a response that has no Date (RFC 9110 §6.6.1). Empty: add none.
  std::string_view date = {};
  const FieldEdits* edits = nullptr;  // null: none
};

// The fields of one message, as nghttp2 takes them (RFC 9113 §8.3): pseudo-header fields in front, then the end-to-end
// fields in their order, then those that edits bring, then what says how the body is framed. Heads may come from any
// codec. As in h1/serializer.h, Connection and the fields it names, HTTP2-Settings, Keep-Alive, Proxy-Connection, TE
// but for "trailers", Transfer-Encoding and Upgrade are left out, Content-Length is written anew, and Host is
// :authority.
//
// Lives on the stack for one call of nghttp2_submit_…, which copies all texts and turns names into lower case; until
// then it refers to the head's, and to the caller's. Does not allocate below 40 fields.
class HeaderBlock {
 public:
  HeaderBlock() = default;
  HeaderBlock(const HeaderBlock&) = delete;
  HeaderBlock& operator=(const HeaderBlock&) = delete;

  // A request's head. `edits` as for WriteRequestHead of HTTP/1: with edits.upgrade this becomes an extended CONNECT
  // (RFC 8441 §5) of that protocol, without what is HTTP/1's part of a WebSocket handshake. `scheme`: of the connection
  // that it goes to, a literal.
  void WriteRequest(const RequestHead& head, const HeadEdits& edits, std::string_view scheme);
  // A response's head, also an interim one. A 101 that makes a tunnel (kTunnel) is what extended CONNECT calls 200.
  void WriteResponse(const ResponseHead& head, const ResponseOptions& options);
  // The head of a response that the proxy makes itself, with a body of `body_size` bytes: what `edits` bring, and the
  // rest as for WriteFixedHead of HTTP/1.
  void WriteFixed(uint16_t status, uint64_t body_size, std::string_view date, const FieldEdits& edits);
  void WriteTrailers(const FieldList& trailers);
  // One more.
  void Add(std::string_view name, std::string_view value) { Append(name, value, NGHTTP2_NV_FLAG_NONE); }

  const nghttp2_nv* data() const { return pairs_.data(); }
  size_t size() const { return pairs_.size(); }

 private:
  // What is left out of the fields, beside those of one hop.
  struct Changes {
    KnownFields known;                      // left out
    bool nominated;                         // those that a Connection field names are left out, too
    const FieldEdits* edits;                // null: none
    std::string_view handshake_field = {};  // left out: HTTP/1's part of a WebSocket handshake; lower case
  };

  void Append(std::string_view name, std::string_view value, uint8_t flags);
  // With a name that is a literal in lower case.
  void AppendLiteral(std::string_view name, std::string_view value) {
    Append(name, value, NGHTTP2_NV_FLAG_NO_COPY_NAME);
  }
  void AppendStatus(uint16_t status);
  void AppendContentLength(uint64_t length);
  // Returns the fields that were seen, left out or not, or brought by edits.
  KnownFields AppendFields(const FieldList& fields, const Changes& changes);

  absl::InlinedVector<nghttp2_nv, 40> pairs_;
  std::array<char, 3> status_;
  std::array<char, 20> content_length_;
  std::string path_;  // where it is not as in the head
};

}  // namespace fairlead::http::h2
