#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/http/field_list.h"
#include "dataplane/http/h2/read_result.h"
#include "dataplane/http/message.h"

namespace fairlead::http::h2 {

// The regular fields of one header block (RFC 9113 §8.2), in the order in which HPACK brings them: held against the
// rules that requests, responses and trailers share, and gathered in one run of text that a FieldList points into. What
// comes after a fault, or beyond a limit, is not kept, so that a few bytes that name large table entries over and over
// take no memory. Part of a reader.
//
// Malformed are (§8.2.1, §8.2.2): names that are no lower-case tokens, values with control characters other than HTAB
// (the RFC asks for NUL, CR and LF; the others would break HTTP/1), values with white space around them,
// connection-specific fields, and TE but for "trailers".
class FieldGatherer {
 public:
  // Begins a block; the fields go to `fields`, at most `max_fields` of them, and `max_bytes` as lines of HTTP/1.
  void Start(FieldList* fields, uint32_t max_bytes, uint32_t max_fields);

  // Takes a field in, and says which it is. False: it was refused, now or before; result() says why.
  bool Add(std::string_view name, std::string_view value, bool never_indexed, KnownField* known);
  // Takes a text that is not a field of the list, such as a pseudo-header field's value, and counts `cost` bytes for
  // it. False: no room.
  bool AddText(std::string_view text, size_t cost, Text* place);
  // A field of the proxy's own, whose value is among the text already, and a text of the proxy's own. Neither counts.
  void AddOwn(std::string_view name, Text value, KnownField known);
  Text AddOwnText(std::string_view text);
  // Joins what came as several Cookie fields into one (§8.2.3).
  void JoinCookies();

  void Fail(const ReadResult& result) {
    if (result_.done()) result_ = result;
  }
  const ReadResult& result() const { return result_; }

  // All the text, valid until the next Start or Add.
  std::string_view text() const { return text_; }
  // Bytes that the gatherer keeps between blocks.
  size_t capacity() const { return text_.capacity() + cookie_.capacity(); }
  // Lets go of them. Nothing may refer to the text any more.
  void Shrink();

 private:
  bool Count(size_t bytes);
  void Append(std::string_view name, std::string_view value, KnownField known, bool never_indexed);

  FieldList* fields_ = nullptr;
  std::string text_;
  std::string cookie_;  // all crumbs so far, joined
  size_t bytes_ = 0;    // what the block would take in HTTP/1
  uint32_t max_bytes_ = 0;
  uint32_t max_fields_ = 0;
  bool has_cookie_ = false;
  bool cookie_never_indexed_ = false;
  ReadResult result_;
};

}  // namespace fairlead::http::h2
