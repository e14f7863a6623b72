#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "dataplane/http/h1/chunked_decoder.h"
#include "dataplane/http/h1/parse_result.h"
#include "dataplane/http/head_limits.h"
#include "dataplane/http/message.h"

// Feeds the parsers as a socket would, for tests and fuzz targets: in pieces, from a buffer that is at another address
// in each call and exactly as large as what it holds, so that AddressSanitizer sees a read beyond it.
namespace fairlead::http::h1 {

// The size of the next piece, at least 1; may be more than is left. Copies start over from the state copied.
using PieceSizes = std::function<size_t()>;
PieceSizes AllAtOnce();
PieceSizes OneByOne();
// Sizes of 1 to 24, now and then more.
PieceSizes AtRandom(uint32_t seed);

// What a parser made of some input, as text that two runs can be compared by.
struct Parsed {
  ParseResult::Outcome outcome = ParseResult::Outcome::kNeedMore;
  uint16_t status = 0;
  size_t head_size = 0;
  std::string reason;
  std::string head;  // with kDone: all that was understood, one thing a line

  bool operator==(const Parsed&) const = default;
};
Parsed ParseRequestInPieces(std::string_view bytes, PieceSizes sizes, const HeadLimits& limits = {});
Parsed ParseResponseInPieces(std::string_view bytes, Method request_method, PieceSizes sizes,
                             const HeadLimits& limits = {});

// A chunked body taken apart.
struct Decoded {
  ChunkedDecoder::Kind kind = ChunkedDecoder::Kind::kNeedMore;
  size_t consumed = 0;  // with kEnd: the whole body
  std::string reason;
  std::string data;
  std::string trailers;  // with kEnd: "name: value" and LF each

  bool operator==(const Decoded&) const = default;
};
Decoded DecodeInPieces(std::string_view bytes, PieceSizes sizes, const ChunkLimits& limits = {});

// All that the heads say, one thing a line.
std::string Describe(const RequestHead& head);
std::string Describe(const ResponseHead& head);
// "name: value" and LF each.
std::string Describe(const FieldList& fields);

}  // namespace fairlead::http::h1
