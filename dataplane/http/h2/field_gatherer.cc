#include "dataplane/http/h2/field_gatherer.h"

#include <array>

#include "dataplane/http/scan.h"

namespace fairlead::http::h2 {
namespace {

// What a line of HTTP/1 takes besides a name and a value.
constexpr size_t kLineOverhead = 4;

constexpr std::array<bool, 256> MakeNameCharacters() {
  std::array<bool, 256> allowed{};
  for (int c = '0'; c <= '9'; ++c) allowed[c] = true;
  for (int c = 'a'; c <= 'z'; ++c) allowed[c] = true;
  for (char c : std::string_view("!#$%&'*+-.^_`|~")) allowed[static_cast<uint8_t>(c)] = true;
  return allowed;
}
constexpr std::array<bool, 256> kNameCharacters = MakeNameCharacters();

// A token (RFC 9110 §5.1) without upper-case letters.
bool IsValidName(std::string_view name) {
  if (name.empty() || name.size() > UINT16_MAX) return false;
  for (char c : name) {
    if (!kNameCharacters[static_cast<uint8_t>(c)]) return false;
  }
  return true;
}

bool IsWhitespace(char c) { return c == ' ' || c == '\t'; }

bool IsValidValue(std::string_view value) {
  if (value.empty()) return true;
  if (IsWhitespace(value.front()) || IsWhitespace(value.back())) return false;
  const char* const end = value.data() + value.size();
  return SkipFieldValue(value.data(), end) == end;
}

constexpr KnownFields kConnectionSpecific(KnownField::kConnection, KnownField::kKeepAlive, KnownField::kProxyConnection,
                                          KnownField::kTransferEncoding, KnownField::kUpgrade);

}  // namespace

void FieldGatherer::Start(FieldList* fields, uint32_t max_bytes, uint32_t max_fields) {
  fields_ = fields;
  text_.clear();
  cookie_.clear();
  bytes_ = 0;
  max_bytes_ = max_bytes;
  max_fields_ = max_fields;
  has_cookie_ = cookie_never_indexed_ = false;
  result_ = {};
}

bool FieldGatherer::Count(size_t bytes) {
  bytes_ += bytes;
  if (bytes_ <= max_bytes_) return true;
  Fail(ReadResult::Refused(431, "header list larger than the limit", RequestLimit::kHeaderBytes));
  return false;
}

bool FieldGatherer::Add(std::string_view name, std::string_view value, bool never_indexed, KnownField* known) {
  if (!result_.done()) return false;
  if (!IsValidName(name)) {
    Fail(ReadResult::Malformed("a field name that is no token in lower case"));
    return false;
  }
  if (!IsValidValue(value)) {
    Fail(ReadResult::Malformed("a field value with control characters, or white space around it"));
    return false;
  }
  if (!Count(name.size() + value.size() + kLineOverhead)) return false;
  *known = FindKnownField(name);
  if (*known != KnownField::kOther) {
    if (kConnectionSpecific.Has(*known)) {
      Fail(ReadResult::Malformed("a connection-specific field"));
      return false;
    }
    if (*known == KnownField::kTe && value != "trailers") {
      Fail(ReadResult::Malformed("TE other than trailers"));
      return false;
    }
  } else if (name == "cookie") {
    if (has_cookie_) cookie_ += "; ";
    cookie_ += value;
    has_cookie_ = true;
    cookie_never_indexed_ |= never_indexed;
    return true;
  }
  if (fields_->size() + (has_cookie_ ? 1 : 0) >= max_fields_) {
    Fail(ReadResult::Refused(431, "more fields than the limit", RequestLimit::kHeaderCount));
    return false;
  }
  Append(name, value, *known, never_indexed);
  return true;
}

bool FieldGatherer::AddText(std::string_view text, size_t cost, Text* place) {
  if (!result_.done() || !Count(cost)) return false;
  *place = AddOwnText(text);
  return true;
}

Text FieldGatherer::AddOwnText(std::string_view text) {
  const Text place{static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(text.size())};
  text_ += text;
  return place;
}

void FieldGatherer::Append(std::string_view name, std::string_view value, KnownField known, bool never_indexed) {
  const auto name_offset = static_cast<uint32_t>(text_.size());
  text_ += name;
  const auto value_offset = static_cast<uint32_t>(text_.size());
  text_ += value;
  fields_->Add({.name_offset = name_offset,
                .value_offset = value_offset,
                .value_size = static_cast<uint32_t>(value.size()),
                .name_size = static_cast<uint16_t>(name.size()),
                .known = known,
                .never_indexed = never_indexed});
}

void FieldGatherer::AddOwn(std::string_view name, Text value, KnownField known) {
  const auto name_offset = static_cast<uint32_t>(text_.size());
  text_ += name;
  fields_->Add({.name_offset = name_offset,
                .value_offset = value.offset,
                .value_size = value.size,
                .name_size = static_cast<uint16_t>(name.size()),
                .known = known});
}

void FieldGatherer::JoinCookies() {
  if (!has_cookie_) return;
  Append("cookie", cookie_, KnownField::kOther, cookie_never_indexed_);
}

void FieldGatherer::Shrink() {
  text_ = {};
  cookie_ = {};
}

}  // namespace fairlead::http::h2
