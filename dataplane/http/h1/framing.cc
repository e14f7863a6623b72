#include "dataplane/http/h1/framing.h"

#include <optional>

#include "dataplane/http/ascii.h"
#include "dataplane/http/connection_options.h"
#include "dataplane/http/content_length.h"
#include "dataplane/http/list_members.h"

namespace fairlead::http::h1 {
namespace {

constexpr ParseResult kDone = {.outcome = ParseResult::Outcome::kDone};

}  // namespace

TransferCoding ParseTransferEncoding(std::string_view value) {
  if (EqualsLowerCase(value, "chunked")) return TransferCoding::kChunked;
  bool well_formed = true;
  bool chunked_is_last = false;
  ForEachListMember(value, [&](std::string_view coding) {
    if (chunked_is_last) well_formed = false;  // something follows chunked
    const std::string_view name = TrimWhitespace(coding.substr(0, coding.find(';')));
    if (!IsToken(name)) well_formed = false;
    if (!EqualsLowerCase(name, "chunked")) return;
    if (coding.size() != name.size()) well_formed = false;  // chunked takes no parameters (RFC 9112 §7.1)
    chunked_is_last = true;
  });
  return well_formed && chunked_is_last ? TransferCoding::kUnsupported : TransferCoding::kMalformed;
}

ParseResult FramingFields::OnField(KnownField known, std::string_view value, uint8_t minor_version,
                                   uint64_t* content_length) {
  switch (known) {
    case KnownField::kContentLength:
      return OnContentLength(value, content_length);
    case KnownField::kTransferEncoding:
      return OnTransferEncoding(value, minor_version);
    case KnownField::kConnection:
      return OnConnection(value);
    default:
      return kDone;
  }
}

ParseResult FramingFields::OnContentLength(std::string_view value, uint64_t* content_length) {
  if (has_content_length_) return ParseResult::Error(400, "more than one Content-Length");
  if (is_chunked_) return ParseResult::Error(400, "both Transfer-Encoding and Content-Length");
  const std::optional<uint64_t> length = ParseContentLength(value);
  if (!length.has_value()) return ParseResult::Error(400, "invalid Content-Length");
  has_content_length_ = true;
  *content_length = *length;
  return kDone;
}

ParseResult FramingFields::OnTransferEncoding(std::string_view value, uint8_t minor_version) {
  if (minor_version == 0) return ParseResult::Error(400, "Transfer-Encoding in HTTP/1.0");
  if (is_chunked_) return ParseResult::Error(400, "more than one Transfer-Encoding");
  if (has_content_length_) return ParseResult::Error(400, "both Transfer-Encoding and Content-Length");
  switch (ParseTransferEncoding(value)) {
    case TransferCoding::kChunked:
      is_chunked_ = true;
      return kDone;
    case TransferCoding::kUnsupported:
      return ParseResult::Error(501, "unsupported transfer coding");
    case TransferCoding::kMalformed:
      break;
  }
  return ParseResult::Error(400, "Transfer-Encoding does not end in a single chunked");
}

ParseResult FramingFields::OnConnection(std::string_view value) {
  if (EqualsLowerCase(value, "keep-alive")) {  // what most send
    has_keep_alive_ = true;
    return kDone;
  }
  uint32_t others = connection_options_;
  bool is_too_long = false;
  ForEachListMember(value, [&](std::string_view option) {
    if (option.empty()) return;
    if (EqualsLowerCase(option, "close")) {
      has_close_ = true;
    } else if (EqualsLowerCase(option, "keep-alive")) {
      has_keep_alive_ = true;
    } else {
      ++others;
      if (EqualsLowerCase(option, "upgrade")) has_upgrade_ = true;
      if (option.size() > kMaxConnectionOptionSize) is_too_long = true;
    }
  });
  if (is_too_long) return ParseResult::Error(400, "option in Connection longer than the limit");
  if (others > kMaxConnectionOptions) return ParseResult::Error(400, "more options in Connection than the limit");
  connection_options_ = static_cast<uint8_t>(others);
  return kDone;
}

}  // namespace fairlead::http::h1
