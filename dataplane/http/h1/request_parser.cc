#include "dataplane/http/h1/request_parser.h"

#include <cstring>

#include "dataplane/http/ascii.h"
#include "dataplane/http/authority.h"
#include "dataplane/http/h1/request_target.h"
#include "dataplane/http/list_members.h"
#include "dataplane/http/scan.h"

namespace fairlead::http::h1 {
namespace {

using Outcome = ParseResult::Outcome;

constexpr uint32_t kMaxMethodSize = 32;
constexpr std::string_view kVersion = "HTTP/1.1\r\n";
constexpr KnownFields kWantedFields(KnownField::kConnection, KnownField::kContentLength, KnownField::kExpect,
                                    KnownField::kHost, KnownField::kTransferEncoding);

// What each of the steps below returns when it is through and the next one may go on.
constexpr ParseResult kContinue = {.outcome = Outcome::kDone};

}  // namespace

ParseResult RequestParser::Parse(std::string_view bytes, RequestHead* head) {
  if (stage_ == Stage::kStart && fields_.position() == 0) head->Clear();
  head->SetBase(bytes.data());
  const bool is_at_limit = bytes.size() >= limits_->max_head_bytes;
  if (is_at_limit) bytes = bytes.substr(0, limits_->max_head_bytes);

  ParseResult result = kContinue;
  if (stage_ != Stage::kFields) result = ParseRequestLine(bytes, head);
  if (result.outcome == Outcome::kDone) result = ParseFields(bytes, head);
  if (result.outcome == Outcome::kNeedMore && is_at_limit) {
    return ParseResult::Error(431, "request head larger than the limit", RequestLimit::kHeaderBytes);
  }
  return result;
}

ParseResult RequestParser::ParseRequestLine(std::string_view bytes, RequestHead* head) {
  const char* const base = bytes.data();
  const char* const end = base + bytes.size();
  const char* cursor = base + fields_.position();

  if (stage_ == Stage::kStart) {
    if (cursor == end) return ParseResult::NeedMore();
    if (*cursor == '\r') {  // RFC 9112 §2.2: an empty line, sent after the body by old clients
      if (cursor + 1 == end) return ParseResult::NeedMore();
      if (cursor[1] != '\n') return ParseResult::Error(400, "bare CR before the request line");
      cursor += 2;
    }
    head->method_text.offset = static_cast<uint32_t>(cursor - base);
    stage_ = Stage::kMethod;
  }

  if (stage_ == Stage::kMethod) {
    cursor = SkipToken(cursor, end);
    const uint32_t size = static_cast<uint32_t>(cursor - base) - head->method_text.offset;
    if (size > kMaxMethodSize) return ParseResult::Error(501, "method longer than any known");
    fields_.Start(static_cast<uint32_t>(cursor - base));
    if (cursor == end) return ParseResult::NeedMore();
    if (*cursor != ' ' || size == 0) return ParseResult::Error(400, "the request line does not begin with a method");
    head->method_text.size = size;
    head->method = FindMethod(head->Get(head->method_text));
    ++cursor;
    head->target.offset = static_cast<uint32_t>(cursor - base);
    stage_ = Stage::kTarget;
  }

  if (stage_ == Stage::kTarget) {
    cursor = SkipTarget(cursor, end);
    const uint32_t size = static_cast<uint32_t>(cursor - base) - head->target.offset;
    if (size > limits_->max_target_bytes) {
      head->target.size = limits_->max_target_bytes;
      return ParseResult::Error(414, "target larger than the limit", RequestLimit::kUriBytes);
    }
    fields_.Start(static_cast<uint32_t>(cursor - base));
    if (cursor == end) return ParseResult::NeedMore();
    head->target.size = size;
    if (size == 0) return ParseResult::Error(400, "empty target in the request line");
    if (*cursor == '\r' || *cursor == '\n') return ParseResult::Error(400, "no version in the request line");
    if (*cursor != ' ') return ParseResult::Error(400, "invalid character in the target");
    fields_.Start(fields_.position() + 1);
    stage_ = Stage::kVersion;
  }

  return ParseVersion(bytes, head);
}

// The last part of the request line. Its ten bytes may be looked at again when they come in pieces.
ParseResult RequestParser::ParseVersion(std::string_view bytes, RequestHead* head) {
  const std::string_view text = bytes.substr(fields_.position());
  if (text.size() < kVersion.size() || std::memcmp(text.data(), kVersion.data(), kVersion.size()) != 0) {
    const auto matches_at = [&](size_t i) {
      if (i == 5 || i == 7) return text[i] >= '0' && text[i] <= '9';
      return text[i] == kVersion[i];
    };
    for (size_t i = 0; i < kVersion.size(); ++i) {
      if (i >= text.size()) return ParseResult::NeedMore();
      if (!matches_at(i)) return ParseResult::Error(400, "malformed version in the request line");
      if (i == 7 && text[5] != '1') return ParseResult::Error(505, "major version other than HTTP/1");
    }
    head->minor_version = text[7] == '0' ? 0 : 1;
  }

  if (const char* reason = ParseRequestTarget(head); reason != nullptr) return ParseResult::Error(400, reason);
  target_has_authority_ = head->authority.size != 0;
  fields_.Start(fields_.position() + kVersion.size());
  stage_ = Stage::kFields;
  return kContinue;
}

ParseResult RequestParser::ParseFields(std::string_view bytes, RequestHead* head) {
  while (true) {
    const FieldParser::Result line = fields_.Next(bytes, kWantedFields, limits_->max_fields, &head->fields);
    switch (line.step) {
      case FieldParser::Step::kField: {
        const ParseResult result = OnField(head->fields.back(), head);
        if (result.outcome == Outcome::kError) return result;
        break;
      }
      case FieldParser::Step::kEnd:
        return Finish(head);
      case FieldParser::Step::kNeedMore:
        return ParseResult::NeedMore();
      case FieldParser::Step::kError:
        return ParseResult::Error(line.status, line.reason, line.limit);
    }
  }
}

ParseResult RequestParser::OnField(const FieldList::Field& field, RequestHead* head) {
  const std::string_view value = head->fields.value(field);
  switch (field.known) {
    case KnownField::kHost:
      if (saw_host_) return ParseResult::Error(400, "more than one Host");
      saw_host_ = true;
      if (!IsValidAuthority(value)) return ParseResult::Error(400, "invalid Host");
      if (!target_has_authority_) head->authority = {field.value_offset, field.value_size};
      break;
    case KnownField::kExpect:
      ForEachListMember(value, [&](std::string_view expectation) {
        if (EqualsLowerCase(expectation, "100-continue")) {
          saw_continue_ = true;
        } else if (!expectation.empty()) {
          saw_other_expectation_ = true;
        }
      });
      break;
    default:
      return framing_.OnField(field.known, value, head->minor_version, &head->content_length);
  }
  return kContinue;
}

ParseResult RequestParser::Finish(RequestHead* head) {
  if (head->minor_version >= 1) {
    if (!saw_host_) return ParseResult::Error(400, "no Host");
    if (saw_other_expectation_) return ParseResult::Error(417, "an expectation other than 100-continue");
  }
  if (framing_.is_chunked()) {
    head->framing = BodyFraming::kStreamed;
  } else if (head->content_length > 0) {
    head->framing = BodyFraming::kContentLength;
  }
  if (head->method == Method::kConnect && head->framing != BodyFraming::kNone) {
    return ParseResult::Error(400, "CONNECT with a body");
  }
  head->connection_options = framing_.has_connection_options();
  head->connection_upgrade = framing_.has_upgrade() && head->minor_version >= 1;
  head->keep_alive = framing_.allows_keep_alive(head->minor_version);
  // In HTTP/1.0 an expectation must be ignored (RFC 9110 §10.1.1).
  head->expects_continue = saw_continue_ && head->minor_version >= 1 && head->framing != BodyFraming::kNone;
  return ParseResult::Done(fields_.position());
}

}  // namespace fairlead::http::h1
