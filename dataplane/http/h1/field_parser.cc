#include "dataplane/http/h1/field_parser.h"

#include <limits>

#include "dataplane/http/scan.h"

namespace fairlead::http::h1 {
namespace {

using Result = FieldParser::Result;
using Step = FieldParser::Step;

constexpr bool IsWhitespace(char c) { return c == ' ' || c == '\t'; }

// Why a name cannot be followed by `c`.
Result NameError(bool empty, char c) {
  if (c == '\n') return {Step::kError, 400, "bare LF in a field line"};
  if (c == '\r') return {Step::kError, 400, "field line without a colon"};
  if (empty && c == ':') return {Step::kError, 400, "empty field name"};
  if (empty && IsWhitespace(c)) return {Step::kError, 400, "white space before a field name, or a folded line"};
  if (IsWhitespace(c)) return {Step::kError, 400, "white space in a field name or before its colon"};
  return {Step::kError, 400, "invalid character in a field name"};
}

Result ValueError(char c) {
  if (c == '\n') return {Step::kError, 400, "bare LF in a field line"};
  if (c == '\0') return {Step::kError, 400, "NUL in a field value"};
  return {Step::kError, 400, "control character in a field value"};
}

constexpr Result kBareCarriageReturn = {Step::kError, 400, "bare CR in a field line"};

}  // namespace

Result FieldParser::Next(std::string_view bytes, KnownFields wanted, uint32_t max_fields, FieldList* fields) {
  const char* const base = bytes.data();
  const char* const end = base + bytes.size();
  // Kept in registers, and put back when there is something to return.
  const char* cursor = base + position_;
  const char* name = base + name_offset_;
  size_t name_size = name_size_;
  Stage stage = stage_;
  const auto pause = [&](Result result) {
    position_ = static_cast<uint32_t>(cursor - base);
    name_offset_ = static_cast<uint32_t>(name - base);
    name_size_ = static_cast<uint16_t>(name_size);
    stage_ = stage;
    return result;
  };

  while (true) {
    if (stage == Stage::kLineStart) {
      if (cursor == end) return pause({Step::kNeedMore});
      if (*cursor == '\r') {
        if (cursor + 1 == end) return pause({Step::kNeedMore});
        if (cursor[1] != '\n') return kBareCarriageReturn;
        cursor += 2;
        return pause({Step::kEnd});
      }
      name = cursor;
      stage = Stage::kName;
    }

    if (stage == Stage::kName) {
      cursor = SkipToken(cursor, end);
      name_size = cursor - name;
      if (name_size > std::numeric_limits<uint16_t>::max()) {
        return {Step::kError, 431, "field name too long", RequestLimit::kHeaderBytes};
      }
      if (cursor == end) return pause({Step::kNeedMore});
      if (*cursor != ':' || name_size == 0) return NameError(name_size == 0, *cursor);
      ++cursor;
      stage = Stage::kValue;
    }

    cursor = SkipFieldValue(cursor, end);
    if (cursor == end) return pause({Step::kNeedMore});
    if (*cursor != '\r') return ValueError(*cursor);
    if (cursor + 1 == end) return pause({Step::kNeedMore});
    if (cursor[1] != '\n') return kBareCarriageReturn;
    if (fields->size() >= max_fields) {
      return {Step::kError, 431, "more fields than the limit", RequestLimit::kHeaderCount};
    }

    const char* const value_begin = name + name_size + 1;
    const std::string_view value = TrimWhitespace({value_begin, static_cast<size_t>(cursor - value_begin)});
    const KnownField known = FindKnownField({name, name_size});
    fields->Add({.name_offset = static_cast<uint32_t>(name - base),
                 .value_offset = static_cast<uint32_t>(value.data() - base),
                 .value_size = static_cast<uint32_t>(value.size()),
                 .name_size = static_cast<uint16_t>(name_size),
                 .known = known});
    cursor += 2;
    stage = Stage::kLineStart;
    if (wanted.Has(known)) return pause({Step::kField});
  }
}

}  // namespace fairlead::http::h1
