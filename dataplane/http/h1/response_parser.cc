#include "dataplane/http/h1/response_parser.h"

#include "dataplane/http/scan.h"

namespace fairlead::http::h1 {
namespace {

using Outcome = ParseResult::Outcome;

// What each of the steps below returns when it is through and the next one may go on.
constexpr ParseResult kContinue = {.outcome = Outcome::kDone};

ParseResult Error(const char* reason) { return ParseResult::Error(502, reason); }

constexpr KnownFields kWantedFields(KnownField::kConnection, KnownField::kContentLength, KnownField::kTransferEncoding);

// "HTTP/1.1 200", digits at will where '0' stands.
constexpr std::string_view kStatusPattern = "HTTP/0.0 000";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

ParseResult ResponseParser::Parse(std::string_view bytes, Method request_method, ResponseHead* head) {
  if (stage_ == Stage::kStatus) head->Clear();
  head->SetBase(bytes.data());
  const bool is_at_limit = bytes.size() >= limits_->max_head_bytes;
  if (is_at_limit) bytes = bytes.substr(0, limits_->max_head_bytes);

  ParseResult result = kContinue;
  if (stage_ != Stage::kFields) result = ParseStatusLine(bytes, head);
  if (result.outcome == Outcome::kDone) result = ParseFields(bytes, request_method, head);
  if (result.outcome == Outcome::kNeedMore && is_at_limit) return Error("response head larger than the limit");
  return result;
}

ParseResult ResponseParser::ParseStatusLine(std::string_view bytes, ResponseHead* head) {
  // The part of fixed size may be looked at again when it comes in pieces.
  if (stage_ == Stage::kStatus) {
    for (size_t i = bytes.starts_with("HTTP/1.1 ") ? 9 : 0; i < kStatusPattern.size(); ++i) {
      if (i >= bytes.size()) return ParseResult::NeedMore();
      const bool matches = kStatusPattern[i] == '0' ? IsDigit(bytes[i]) : bytes[i] == kStatusPattern[i];
      if (!matches) return Error("malformed status line");
      if (i == 5 && bytes[i] != '1') return Error("major version other than HTTP/1");
    }
    head->minor_version = bytes[7] == '0' ? 0 : 1;
    head->status = static_cast<uint16_t>((bytes[9] - '0') * 100 + (bytes[10] - '0') * 10 + (bytes[11] - '0'));
    if (head->status < 100 || head->status > 599) return Error("status outside 100 to 599");
    if (bytes.size() == kStatusPattern.size()) return ParseResult::NeedMore();
    const char next = bytes[kStatusPattern.size()];
    if (next != ' ' && next != '\r') return Error("malformed status line");
    head->reason.offset = static_cast<uint32_t>(kStatusPattern.size() + (next == ' ' ? 1 : 0));
    fields_.Start(head->reason.offset);
    stage_ = Stage::kReason;
  }

  const char* const base = bytes.data();
  const char* const end = base + bytes.size();
  const char* const cursor = SkipFieldValue(base + fields_.position(), end);
  fields_.Start(static_cast<uint32_t>(cursor - base));
  if (cursor == end) return ParseResult::NeedMore();
  if (*cursor == '\n') return Error("bare LF in the status line");
  if (*cursor != '\r') return Error("control character in the status line");
  if (cursor + 1 == end) return ParseResult::NeedMore();
  if (cursor[1] != '\n') return Error("bare CR in the status line");
  head->reason.size = fields_.position() - head->reason.offset;
  fields_.Start(fields_.position() + 2);
  stage_ = Stage::kFields;
  return kContinue;
}

ParseResult ResponseParser::ParseFields(std::string_view bytes, Method request_method, ResponseHead* head) {
  while (true) {
    const FieldParser::Result line = fields_.Next(bytes, kWantedFields, limits_->max_fields, &head->fields);
    switch (line.step) {
      case FieldParser::Step::kField: {
        const FieldList::Field& field = head->fields.back();
        const ParseResult result =
            framing_.OnField(field.known, head->fields.value(field), head->minor_version, &head->content_length);
        if (result.outcome == Outcome::kError) return Error(result.reason);
        break;
      }
      case FieldParser::Step::kEnd:
        return Finish(request_method, head);
      case FieldParser::Step::kNeedMore:
        return ParseResult::NeedMore();
      case FieldParser::Step::kError:
        return Error(line.reason);
    }
  }
}

// RFC 9112 §6.3, in its order.
ParseResult ResponseParser::Finish(Method request_method, ResponseHead* head) {
  head->connection_options = framing_.has_connection_options();
  head->connection_upgrade = framing_.has_upgrade() && head->minor_version >= 1;
  head->keep_alive = framing_.allows_keep_alive(head->minor_version);
  if (NeverHasBody(request_method, head->status)) {
    head->framing = BodyFraming::kNone;
    const bool must_not_announce = head->status < 200 || head->status == 204;
    if (must_not_announce && (framing_.is_chunked() || head->content_length > 0)) head->keep_alive = false;
  } else if (framing_.is_chunked()) {
    head->framing = BodyFraming::kStreamed;
  } else if (framing_.has_content_length()) {
    head->framing = head->content_length > 0 ? BodyFraming::kContentLength : BodyFraming::kNone;
  } else {
    head->framing = BodyFraming::kUntilClose;
    head->keep_alive = false;
  }
  return ParseResult::Done(fields_.position());
}

}  // namespace fairlead::http::h1
