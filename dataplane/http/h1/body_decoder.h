#pragma once

#include <cstdint>
#include <memory>

#include "dataplane/buffer/slice.h"
#include "dataplane/http/field_list.h"
#include "dataplane/http/h1/chunked_decoder.h"
#include "dataplane/http/h1/head_buffer.h"
#include "dataplane/http/message.h"
#include "dataplane/http/request_limit.h"

namespace fairlead::http::h1 {

// Where a body ends, whatever its framing: by length, by chunks or by the connection's end (RFC 9112 §6.3). Reused for
// one message after another; does no I/O. Holds memory of its own only for a trailer section that comes in pieces.
class BodyDecoder {
 public:
  using Kind = ChunkedDecoder::Kind;
  struct Step {
    Kind kind = Kind::kNeedMore;
    buffer::Slice data = {};       // with kData: at least one byte; with kEnd: keeps the bytes that the trailers lie in
    const char* reason = nullptr;  // with kError: static text
    RequestLimit limit = RequestLimit::kNone;  // with kError: the one that was exceeded
  };

  BodyDecoder() : chunks_(&kChunkLimits) {}

  void Start(BodyFraming framing, uint64_t content_length);
  // Lets go of what an ended body has left.
  void Clear() { partial_trailers_.reset(); }

  // Takes the next part of the body from the front of `bytes`: with kNeedMore all of them, with kEnd all but what
  // belongs to the next message. With kEnd, `trailers` holds the trailer fields, valid until Clear and for as long as
  // `data` lives. `trailers` needs no clearing.
  Step Next(buffer::Slice* bytes, FieldList* trailers);

  bool ends_with_connection() const { return framing_ == BodyFraming::kUntilClose; }

 private:
  static constexpr ChunkLimits kChunkLimits{};

  // A trailer section of which only a part has come.
  struct PartialTrailers {
    HeadBuffer bytes;
    FieldList fields;
  };

  Step NextOfChunks(buffer::Slice* bytes, FieldList* trailers);
  Step NextOfTrailers(buffer::Slice* bytes, FieldList* trailers);

  BodyFraming framing_ = BodyFraming::kNone;
  uint64_t remaining_ = 0;
  ChunkedDecoder chunks_;
  std::unique_ptr<PartialTrailers> partial_trailers_;
};

}  // namespace fairlead::http::h1
