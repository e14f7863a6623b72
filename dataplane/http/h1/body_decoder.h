#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/http/field_list.h"
#include "dataplane/http/h1/chunked_decoder.h"
#include "dataplane/http/message.h"

namespace fairlead::http::h1 {

// Where a body ends, whatever its framing: by length, by chunks or by the connection's end (RFC 9112 §6.3). A value of
// one message; does no I/O.
class BodyDecoder {
 public:
  BodyDecoder() : chunks_(&kChunkLimits) {}

  void Start(BodyFraming framing, uint64_t content_length) {
    framing_ = framing;
    remaining_ = content_length;
    if (framing == BodyFraming::kStreamed) chunks_.Reset();
  }

  // As ChunkedDecoder::Next: kNeedMore leaves bytes of `input` unconsumed only where a trailer section is incomplete.
  ChunkedDecoder::Step Next(std::string_view input, FieldList* trailers) {
    if (framing_ == BodyFraming::kStreamed) return chunks_.Next(input, trailers);
    if (framing_ == BodyFraming::kContentLength && remaining_ == 0) return {.kind = ChunkedDecoder::Kind::kEnd};
    if (input.empty()) return {};
    if (framing_ == BodyFraming::kContentLength && input.size() > remaining_) input = input.substr(0, remaining_);
    if (framing_ == BodyFraming::kContentLength) remaining_ -= input.size();
    return {.kind = ChunkedDecoder::Kind::kData, .consumed = input.size(), .data = input};
  }

  bool ends_with_connection() const { return framing_ == BodyFraming::kUntilClose; }

 private:
  static constexpr ChunkLimits kChunkLimits{};

  BodyFraming framing_ = BodyFraming::kNone;
  uint64_t remaining_ = 0;
  ChunkedDecoder chunks_;
};

}  // namespace fairlead::http::h1
