#include "dataplane/http/h2/body_length.h"

#include <optional>

#include "dataplane/http/content_length.h"

namespace fairlead::http::h2 {

const char* BodyLength::Add(std::string_view value, uint64_t* content_length) {
  if (announced_) return "more than one Content-Length";
  announced_ = true;
  const std::optional<uint64_t> length = ParseContentLength(value);
  if (!length.has_value()) return "invalid Content-Length";
  *content_length = *length;
  return nullptr;
}

ReadResult BodyLength::Finish(uint64_t content_length, bool end_stream, BodyFraming* framing) const {
  if (end_stream) {
    if (content_length > 0) return ReadResult::Malformed("Content-Length announces a body, but none follows");
  } else if (!announced_) {
    *framing = BodyFraming::kStreamed;
  } else if (content_length > 0) {
    *framing = BodyFraming::kContentLength;
  }
  return {};
}

}  // namespace fairlead::http::h2
