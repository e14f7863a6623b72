#include "dataplane/admin/json_writer.h"

#include <charconv>

#include "dataplane/base/utf8.h"

namespace fairlead::admin {

void JsonWriter::Key(std::string_view name) {
  Separate();
  AppendQuoted(name);
  out_->push_back(':');
  after_key_ = true;
}

void JsonWriter::String(std::string_view value) {
  Separate();
  AppendQuoted(value);
}

void JsonWriter::Number(uint64_t value) {
  Separate();
  char digits[20];
  out_->append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr - digits);
}

void JsonWriter::Bool(bool value) {
  Separate();
  out_->append(value ? "true" : "false");
}

void JsonWriter::Begin(char bracket) {
  Separate();
  out_->push_back(bracket);
  has_values_ <<= 1;
}

void JsonWriter::End(char bracket) {
  has_values_ >>= 1;
  out_->push_back(bracket);
}

void JsonWriter::Separate() {
  if (!after_key_ && (has_values_ & 1) != 0) out_->push_back(',');
  if (new_line_) out_->push_back('\n');
  has_values_ |= 1;
  after_key_ = false;
  new_line_ = false;
}

void JsonWriter::AppendQuoted(std::string_view text) {
  static constexpr char kHexDigits[] = "0123456789abcdef";
  out_->push_back('"');
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text[0]);
    const size_t size = base::Utf8CharacterSize(text);
    if (size == 0) {
      out_->append("\xef\xbf\xbd");  // U+FFFD
    } else if (c == '"' || c == '\\') {
      out_->append({'\\', text[0]});
    } else if (c < 0x20) {
      out_->append("\\u00").append({kHexDigits[c >> 4], kHexDigits[c & 15]});
    } else {
      out_->append(text.substr(0, size));
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  out_->push_back('"');
}

}  // namespace fairlead::admin
