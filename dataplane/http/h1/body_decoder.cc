#include "dataplane/http/h1/body_decoder.h"

#include <algorithm>
#include <utility>

namespace fairlead::http::h1 {

void BodyDecoder::Start(BodyFraming framing, uint64_t content_length) {
  framing_ = framing;
  remaining_ = content_length;
  if (framing == BodyFraming::kStreamed) chunks_.Reset();
}

BodyDecoder::Step BodyDecoder::Next(buffer::Slice* bytes, FieldList* trailers) {
  if (framing_ == BodyFraming::kStreamed) {
    return partial_trailers_ == nullptr ? NextOfChunks(bytes, trailers) : NextOfTrailers(bytes, trailers);
  }
  if (framing_ == BodyFraming::kContentLength && remaining_ == 0) return {.kind = Kind::kEnd};
  if (bytes->empty()) return {};
  size_t size = bytes->size();
  if (framing_ == BodyFraming::kContentLength) {
    size = std::min<uint64_t>(size, remaining_);
    remaining_ -= size;
  }
  Step step = {.kind = Kind::kData, .data = bytes->Sub(0, size)};
  bytes->RemovePrefix(size);
  return step;
}

BodyDecoder::Step BodyDecoder::NextOfChunks(buffer::Slice* bytes, FieldList* trailers) {
  const ChunkedDecoder::Step step = chunks_.Next(bytes->view(), trailers);
  Step result = {.kind = step.kind, .reason = step.reason, .limit = step.limit};
  switch (step.kind) {
    case Kind::kData:
      result.data = bytes->Sub(step.data.data() - bytes->data(), step.data.size());
      break;
    case Kind::kEnd:
      result.data = *bytes;
      break;
    case Kind::kNeedMore:
    case Kind::kError:
      break;
  }
  bytes->RemovePrefix(step.consumed);
  if (step.kind == Kind::kNeedMore && !bytes->empty()) {
    partial_trailers_ = std::make_unique<PartialTrailers>();
    partial_trailers_->bytes.Append(std::exchange(*bytes, {}));
    partial_trailers_->fields = std::move(*trailers);
  }
  return result;
}

BodyDecoder::Step BodyDecoder::NextOfTrailers(buffer::Slice* bytes, FieldList* trailers) {
  if (bytes->empty()) return {};
  HeadBuffer& section = partial_trailers_->bytes;
  section.Append(std::exchange(*bytes, {}));
  const ChunkedDecoder::Step step = chunks_.Next(section.view(), &partial_trailers_->fields);
  if (step.kind == Kind::kEnd) {
    *bytes = section.TakeRest(step.consumed);
    *trailers = partial_trailers_->fields;
  }
  return {.kind = step.kind, .reason = step.reason, .limit = step.limit};
}

}  // namespace fairlead::http::h1
