#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/http/field_list.h"
#include "dataplane/http/h1/parse_result.h"

// The values that decide where a message ends (RFC 9112 §6), read without any leniency: what two parsers on one path
// may read differently is refused.
namespace fairlead::http::h1 {

enum class TransferCoding : uint8_t {
  kChunked,      // exactly "chunked", in any case
  kUnsupported,  // other codings, then chunked: well framed, but not implemented here (501, RFC 9112 §6.1)
  kMalformed,    // all else: the end of the body cannot be known
};
TransferCoding ParseTransferEncoding(std::string_view value);

// Collects what the fields of one head say about where the message and its connection end, and refuses what is
// ambiguous (RFC 9112 §6.1, §6.3): repeated or malformed Content-Length or Transfer-Encoding, both at once,
// Transfer-Encoding in HTTP/1.0, options of Connection beyond their bounds. Two bytes, part of a parser.
class FramingFields {
 public:
  // Takes in a field; all but Connection, Content-Length and Transfer-Encoding are ignored. A Content-Length goes to
  // `content_length`. Returns kDone if all is well; errors carry the status that a request deserves.
  ParseResult OnField(KnownField known, std::string_view value, uint8_t minor_version, uint64_t* content_length);

  bool has_content_length() const { return has_content_length_; }
  bool is_chunked() const { return is_chunked_; }
  bool has_connection_options() const { return connection_options_ > 0; }
  bool has_upgrade() const { return has_upgrade_; }
  // Whether the sender allows another message on the connection (RFC 9112 §9.3).
  bool allows_keep_alive(uint8_t minor_version) const { return !has_close_ && (minor_version >= 1 || has_keep_alive_); }

 private:
  ParseResult OnContentLength(std::string_view value, uint64_t* content_length);
  ParseResult OnTransferEncoding(std::string_view value, uint8_t minor_version);
  ParseResult OnConnection(std::string_view value);

  uint8_t connection_options_ = 0;  // other than close and keep-alive
  bool has_content_length_ : 1 = false;
  bool is_chunked_ : 1 = false;
  bool has_close_ : 1 = false;
  bool has_keep_alive_ : 1 = false;
  bool has_upgrade_ : 1 = false;
};

}  // namespace fairlead::http::h1
