#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dataplane/http/field_list.h"
#include "dataplane/http/h1/field_parser.h"
#include "dataplane/http/request_limit.h"

namespace fairlead::http::h1 {

// What the framing of a chunked body may cost.
struct ChunkLimits {
  // Extensions of one chunk. They are ignored (RFC 9112 §7.1.1) and never sent on.
  uint32_t max_extension_bytes = 1024;
  // The trailer section, its empty line included.
  uint32_t max_trailer_bytes = 8 * 1024;
  uint32_t max_trailer_fields = 32;
};

// Takes a chunked body (RFC 9112 §7.1) apart: which bytes of the input are data, and where the body ends. Errors:
//
//   - a chunk size that is not 1 to 16 hexadecimal digits, or more than 2^63 - 1; a sign, "0x" or white space
//   - a bare CR or LF, or a control character, anywhere in the framing
//   - anything but CR LF after the digits, except an extension: optional white space, ';', text
//   - anything but CR LF after a chunk's data
//   - in the trailer section what FieldParser refuses, and fields that IsAllowedInTrailers does not let through
//   - more of anything than the limits
//
// After an error close the connection: where the next message starts is unknown. 40 bytes. Thread-compatible.
//
//   while (true) {
//     ChunkedDecoder::Step step = decoder.Next(input, &trailers);
//     if (step.kind == kData) forward(step.data);
//     input.remove_prefix(step.consumed);
//     if (step.kind != kData) break;
//   }
class ChunkedDecoder {
 public:
  enum class Kind : uint8_t { kNeedMore, kData, kEnd, kError };
  struct Step {
    Kind kind = Kind::kNeedMore;
    size_t consumed = 0;                       // bytes at the front of the input that are done with, `data` included
    std::string_view data = {};                // with kData: within the input, not empty
    const char* reason = nullptr;              // with kError: static text
    RequestLimit limit = RequestLimit::kNone;  // with kError: the one that was exceeded
  };

  // `limits` must outlive the decoder.
  explicit ChunkedDecoder(const ChunkLimits* limits) : limits_(limits) {}

  // The next step through `input`: the bytes that follow those consumed before. With kNeedMore all of it was consumed,
  // except in the trailer section: that must be in one piece to be read, so its bytes stay in the input until it is
  // complete, and must be handed over again with more behind them, maybe at another address. They are bounded by the
  // limits and looked at once.
  //
  // With kEnd, `trailers` holds the trailer fields, based on the input, and what follows the consumed bytes belongs to
  // the next message. `trailers` must be the same list in all calls; it needs no clearing.
  Step Next(std::string_view input, FieldList* trailers);

  // Ready for another body.
  void Reset() { *this = ChunkedDecoder(limits_); }

 private:
  // What the next byte belongs to.
  enum class Stage : uint8_t {
    kSize,
    kBeforeExtension,  // white space before the ';'
    kExtension,
    kSizeLineFeed,
    kData,
    kDataCarriageReturn,
    kDataLineFeed,
    kTrailers,
  };

  // Reads the chunk header's bytes from `cursor` on, until the first byte behind it, `end` or an error. Returns null or
  // the reason.
  const char* ReadChunkHeader(const char** cursor, const char* end);
  Step ReadTrailers(std::string_view section, FieldList* trailers);

  const ChunkLimits* limits_;
  uint64_t remaining_ = 0;  // data bytes left in this chunk
  FieldParser fields_;      // offsets from the start of the trailer section
  uint32_t extension_bytes_ = 0;
  uint8_t digits_ = 0;
  Stage stage_ = Stage::kSize;
};
static_assert(sizeof(ChunkedDecoder) == 40);

}  // namespace fairlead::http::h1
