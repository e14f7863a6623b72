#include "dataplane/http/h1/chunked_decoder.h"

#include <algorithm>
#include <limits>

#include "dataplane/http/scan.h"
#include "dataplane/http/trailer_fields.h"

namespace fairlead::http::h1 {
namespace {

using Step = ChunkedDecoder::Step;
using Kind = ChunkedDecoder::Kind;

constexpr uint8_t kMaxDigits = 16;

constexpr char kExtensionTooLarge[] = "chunk extension larger than the limit";

Step Error(const char* reason, RequestLimit limit = RequestLimit::kNone) {
  return {.kind = Kind::kError, .reason = reason, .limit = limit};
}

// The value of a hexadecimal digit, or -1.
int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Step ChunkedDecoder::Next(std::string_view input, FieldList* trailers) {
  const char* cursor = input.data();
  const char* const end = cursor + input.size();
  while (cursor != end) {
    switch (stage_) {
      case Stage::kSize:
      case Stage::kBeforeExtension:
      case Stage::kExtension:
      case Stage::kSizeLineFeed:
        if (const char* reason = ReadChunkHeader(&cursor, end); reason != nullptr) {
          const bool too_large = reason == kExtensionTooLarge;
          return Error(reason, too_large ? RequestLimit::kChunkExtensionBytes : RequestLimit::kNone);
        }
        break;
      case Stage::kData: {
        const size_t size = std::min<uint64_t>(remaining_, end - cursor);
        remaining_ -= size;
        if (remaining_ == 0) stage_ = Stage::kDataCarriageReturn;
        const size_t offset = cursor - input.data();
        return {.kind = Kind::kData, .consumed = offset + size, .data = {cursor, size}};
      }
      case Stage::kDataCarriageReturn:
        if (*cursor++ != '\r') return Error("chunk data not followed by CR LF");
        stage_ = Stage::kDataLineFeed;
        break;
      case Stage::kDataLineFeed:
        if (*cursor++ != '\n') return Error("chunk data not followed by CR LF");
        stage_ = Stage::kSize;
        break;
      case Stage::kTrailers: {
        const size_t offset = cursor - input.data();
        Step step = ReadTrailers(input.substr(offset), trailers);
        step.consumed += offset;
        return step;
      }
    }
  }
  return {.consumed = input.size()};
}

const char* ChunkedDecoder::ReadChunkHeader(const char** cursor_in_out, const char* end) {
  const char* cursor = *cursor_in_out;
  for (; cursor != end && stage_ == Stage::kSize; ++cursor) {
    const int digit = HexValue(*cursor);
    if (digit >= 0) {
      if (++digits_ > kMaxDigits) return "chunk size of too many digits";
      remaining_ = remaining_ << 4 | static_cast<uint64_t>(digit);
      continue;
    }
    if (digits_ == 0) return "chunk size is not a hexadecimal number";
    if (remaining_ > std::numeric_limits<int64_t>::max()) return "chunk size too large";
    switch (*cursor) {
      case '\r':
        stage_ = Stage::kSizeLineFeed;
        break;
      case ';':
        stage_ = Stage::kExtension;
        break;
      case ' ':
      case '\t':
        stage_ = Stage::kBeforeExtension;
        break;
      default:
        return *cursor == '\n' ? "bare LF after a chunk size" : "chunk size is not a hexadecimal number";
    }
  }

  for (; cursor != end && stage_ == Stage::kBeforeExtension; ++cursor) {
    if (*cursor == ';') {
      stage_ = Stage::kExtension;
    } else if (*cursor != ' ' && *cursor != '\t') {
      return "white space after a chunk size";
    }
    if (++extension_bytes_ > limits_->max_extension_bytes) return kExtensionTooLarge;
  }

  if (cursor != end && stage_ == Stage::kExtension) {
    const char* const stop = SkipFieldValue(cursor, end);
    const size_t size = stop - cursor;
    if (size > limits_->max_extension_bytes - extension_bytes_) return kExtensionTooLarge;
    extension_bytes_ += static_cast<uint32_t>(size);
    cursor = stop;
    if (cursor != end) {
      if (*cursor != '\r') return "bare LF or control character in a chunk extension";
      stage_ = Stage::kSizeLineFeed;
      ++cursor;
    }
  }

  if (cursor != end && stage_ == Stage::kSizeLineFeed) {
    if (*cursor != '\n') return "bare CR after a chunk size";
    ++cursor;
    stage_ = remaining_ == 0 ? Stage::kTrailers : Stage::kData;
    digits_ = 0;
    extension_bytes_ = 0;
  }
  *cursor_in_out = cursor;
  return nullptr;
}

Step ChunkedDecoder::ReadTrailers(std::string_view section, FieldList* trailers) {
  if (fields_.position() == 0) trailers->Clear();
  trailers->set_base(section.data());
  const bool is_at_limit = section.size() >= limits_->max_trailer_bytes;
  if (is_at_limit) section = section.substr(0, limits_->max_trailer_bytes);

  while (true) {
    const FieldParser::Result line = fields_.Next(section, KnownFields(), limits_->max_trailer_fields, trailers);
    switch (line.step) {
      case FieldParser::Step::kField:
        break;
      case FieldParser::Step::kEnd:
        for (const FieldList::Field& field : *trailers) {
          if (!IsAllowedInTrailers(trailers->name(field), field.known)) return Error("forbidden trailer field");
        }
        return {.kind = Kind::kEnd, .consumed = fields_.position()};
      case FieldParser::Step::kNeedMore:
        if (is_at_limit) return Error("trailer section larger than the limit", RequestLimit::kTrailers);
        return {};
      case FieldParser::Step::kError:
        return Error(line.reason, line.limit == RequestLimit::kNone ? RequestLimit::kNone : RequestLimit::kTrailers);
    }
  }
}

}  // namespace fairlead::http::h1
