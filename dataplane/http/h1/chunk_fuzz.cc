// Whatever the bytes: the outcome does not depend on the pieces they come in, and a body that is accepted reads alike
// after the proxy has written it.
#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/http/h1/chunked_decoder.h"
#include "dataplane/http/h1/fuzz_check.h"
#include "dataplane/http/h1/piecewise.h"
#include "dataplane/http/h1/serializer.h"

namespace fairlead::http::h1 {
namespace {

// Decodes `bytes`, which end with the body, and writes them anew: one chunk for each run of data.
std::string Rewrite(std::string_view bytes) {
  const ChunkLimits limits;
  ChunkedDecoder decoder(&limits);
  FieldList trailers;
  std::string written;
  while (true) {
    const ChunkedDecoder::Step step = decoder.Next(bytes, &trailers);
    if (step.kind == ChunkedDecoder::Kind::kEnd) break;
    Check(step.kind == ChunkedDecoder::Kind::kData && !step.data.empty(), "data until the end");
    char header[kMaxChunkHeaderSize];
    written.append(header, WriteChunkHeader(step.data.size(), header));
    written += step.data;
    written += kChunkEnd;
    bytes.remove_prefix(step.consumed);
  }
  std::string end(MaxLastChunkSize(trailers), '\0');
  end.resize(WriteLastChunk(trailers, end.data()) - end.data());
  return written + end;
}

void CheckBody(std::string_view bytes) {
  const Decoded whole = DecodeInPieces(bytes, AllAtOnce());
  Check(DecodeInPieces(bytes, AtRandom(static_cast<uint32_t>(bytes.size()))) == whole, "random pieces");
  if (bytes.size() < 2048) Check(DecodeInPieces(bytes, OneByOne()) == whole, "single bytes");
  if (whole.kind != ChunkedDecoder::Kind::kEnd) return;

  const std::string_view body = bytes.substr(0, whole.consumed);
  Check(DecodeInPieces(body.substr(0, body.size() - 1), AllAtOnce()).kind == ChunkedDecoder::Kind::kNeedMore,
        "the last byte ends the body");
  const std::string written = Rewrite(body);
  const Decoded second = DecodeInPieces(written, AllAtOnce());
  Check(second.kind == ChunkedDecoder::Kind::kEnd && second.consumed == written.size(), "what is written is one body");
  Check(second.data == whole.data, "same data");
  Check(second.trailers == whole.trailers, "same trailers");
}

}  // namespace
}  // namespace fairlead::http::h1

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fairlead::http::h1::CheckBody({reinterpret_cast<const char*>(data), size});
  return 0;
}
