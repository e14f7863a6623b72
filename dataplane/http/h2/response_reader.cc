#include "dataplane/http/h2/response_reader.h"

namespace fairlead::http::h2 {
namespace {

// What a status line takes: the version, three digits, two spaces, CR LF.
constexpr size_t kStatusLineSize = 15;

}  // namespace

void ResponseReader::Start(ResponseHead* head) {
  head_ = head;
  head->Clear();
  head->http2 = true;
  gatherer_.Start(&head->fields, limits_->max_head_bytes, limits_->max_fields);
  body_length_.Start();
  regular_begun_ = false;
}

bool ResponseReader::Malformed(const char* reason) {
  gatherer_.Fail(ReadResult::Malformed(reason));
  return false;
}

bool ResponseReader::Add(std::string_view name, std::string_view value, bool never_indexed) {
  if (!gatherer_.result().done()) return false;
  if (name.starts_with(':')) {
    return name == ":status" ? AddStatus(value) : Malformed("a pseudo-header field other than :status");
  }
  regular_begun_ = true;
  KnownField known;
  if (!gatherer_.Add(name, value, never_indexed, &known)) return false;
  return known != KnownField::kContentLength || AddContentLength(value);
}

bool ResponseReader::AddStatus(std::string_view value) {
  if (regular_begun_) return Malformed("a pseudo-header field behind a regular one");
  if (head_->status != 0) return Malformed("a pseudo-header field that comes twice");
  uint16_t status = 0;
  for (char c : value) {
    if (c < '0' || c > '9' || value.size() != 3) return Malformed(":status is no number of three digits");
    status = static_cast<uint16_t>(status * 10 + (c - '0'));
  }
  if (status < 100 || status > 599) return Malformed(":status is not from 100 to 599");
  if (status == 101) return Malformed("101, which HTTP/2 does not have");
  head_->status = status;
  Text unused;
  return gatherer_.AddText({}, kStatusLineSize, &unused);
}

bool ResponseReader::AddContentLength(std::string_view value) {
  const char* const reason = body_length_.Add(value, &head_->content_length);
  return reason == nullptr || Malformed(reason);
}

ReadResult ResponseReader::Finish(Method request_method, bool end_stream) {
  gatherer_.JoinCookies();
  ReadResult result = gatherer_.result();
  if (result.done())
    result = head_->status == 0 ? ReadResult::Malformed("no :status") : FinishBody(request_method, end_stream);
  head_->SetBase(gatherer_.text().data());
  return result;
}

ReadResult ResponseReader::FinishBody(Method request_method, bool end_stream) {
  if (head_->status < 200) {
    return end_stream ? ReadResult::Malformed("an interim response that ends the stream") : ReadResult{};
  }
  if (NeverHasBody(request_method, head_->status)) return {};
  return body_length_.Finish(head_->content_length, end_stream, &head_->framing);
}

}  // namespace fairlead::http::h2
