#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/http/field_list.h"
#include "dataplane/http/request_limit.h"

namespace fairlead::http::h1 {

// Reads the field lines of a header or trailer section (RFC 9112 §5) into a list, up to and including the empty line.
// Remembers offsets alone, 12 bytes, so that the bytes may move between calls; each byte is looked at once, however
// small the pieces they come in, and the outcome does not depend on the pieces. About 100 instructions a field.
//
// Refused with 400: a bare CR or LF, any other control character but HTAB, NUL included, a name that is empty or no
// token, white space before the colon (§5.1), and a line that starts with white space: the obsolete folding (§5.2), or
// white space before the first field (§2.2).
class FieldParser {
 public:
  enum class Step : uint8_t {
    kNeedMore,  // the section has not ended
    kField,     // the last field of the list is one of those asked for: look at it, then call again
    kEnd,       // position() is behind the empty line
    kError,
  };
  struct Result {
    Step step;
    uint16_t status = 0;                       // with kError
    const char* reason = nullptr;              // with kError: static text
    RequestLimit limit = RequestLimit::kNone;  // with kError: the one that was exceeded
  };

  // Reads on in `bytes`, which hold all that was received since offset 0, and adds fields to `fields`: at most
  // `max_fields`, beyond that the error is 431. Pauses behind each field in `wanted`. After kEnd or kError, Start must
  // come before the next call.
  Result Next(std::string_view bytes, KnownFields wanted, uint32_t max_fields, FieldList* fields);

  // Begins with the line at `offset`.
  void Start(uint32_t offset) {
    position_ = offset;
    stage_ = Stage::kLineStart;
  }
  // The first byte not looked at.
  uint32_t position() const { return position_; }

 private:
  enum class Stage : uint8_t { kLineStart, kName, kValue };

  uint32_t position_ = 0;
  uint32_t name_offset_ = 0;
  uint16_t name_size_ = 0;
  Stage stage_ = Stage::kLineStart;
};

}  // namespace fairlead::http::h1
