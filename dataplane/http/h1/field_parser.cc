#include "dataplane/http/h1/field_parser.h"

#include <limits>

#include "dataplane/http/h1/scan.h"

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

Result FieldParser::Next(std::string_view bytes, FieldList::Field* field) {
  const char* const base = bytes.data();
  const char* const end = base + bytes.size();
  const char* cursor = base + position_;

  if (stage_ == Stage::kLineStart) {
    if (cursor == end) return {Step::kNeedMore};
    if (*cursor == '\r') {
      if (cursor + 1 == end) return {Step::kNeedMore};
      if (cursor[1] != '\n') return kBareCarriageReturn;
      position_ += 2;
      return {Step::kEnd};
    }
    name_offset_ = position_;
    stage_ = Stage::kName;
  }

  if (stage_ == Stage::kName) {
    cursor = SkipToken(cursor, end);
    const size_t name_size = cursor - base - name_offset_;
    if (name_size > std::numeric_limits<uint16_t>::max()) return {Step::kError, 431, "field name too long"};
    position_ = static_cast<uint32_t>(cursor - base);
    if (cursor == end) return {Step::kNeedMore};
    if (*cursor != ':' || name_size == 0) return NameError(name_size == 0, *cursor);
    name_size_ = static_cast<uint16_t>(name_size);
    ++cursor;
    stage_ = Stage::kValue;
  }

  cursor = SkipFieldValue(cursor, end);
  position_ = static_cast<uint32_t>(cursor - base);
  if (cursor == end) return {Step::kNeedMore};
  if (*cursor != '\r') return ValueError(*cursor);
  if (cursor + 1 == end) return {Step::kNeedMore};
  if (cursor[1] != '\n') return kBareCarriageReturn;

  const uint32_t after_colon = name_offset_ + name_size_ + 1;
  const std::string_view value = TrimWhitespace({base + after_colon, position_ - after_colon});
  field->name_offset = name_offset_;
  field->name_size = name_size_;
  field->value_offset = static_cast<uint32_t>(value.data() - base);
  field->value_size = static_cast<uint32_t>(value.size());
  field->known = FindKnownField({base + name_offset_, name_size_});
  position_ += 2;
  stage_ = Stage::kLineStart;
  return {Step::kField};
}

}  // namespace fairlead::http::h1
