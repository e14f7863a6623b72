#include "api/yaml/quoting.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "api/yaml/concat.h"
#include "api/yaml/utf8.h"

namespace fairlead::api {
namespace {

// What YAML 1.1 or 1.2 takes for something else, in any case.
constexpr std::array<std::string_view, 9> kReservedWords = {"null", "true", "false", "yes", "no",
                                                            "on",   "off",  "y",     "n"};

bool IsPlainCharacter(unsigned char c) {
  return absl::ascii_isalnum(c) || std::string_view("_-./:+@").find(static_cast<char>(c)) != std::string_view::npos;
}

// Numbers, dates and times begin with a digit, a sign or a point, and none has two points, as IP addresses do.
bool CouldBeNumberOrTime(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (absl::ascii_isdigit(first)) return std::count(text.begin(), text.end(), '.') < 2;
  return !absl::ascii_isalpha(first) && first != '_' && first != '/';
}

bool IsPlain(std::string_view text, YamlContext context) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), IsPlainCharacter) || CouldBeNumberOrTime(text))
    return false;
  if (std::find(kReservedWords.begin(), kReservedWords.end(), absl::AsciiStrToLower(std::string(text))) !=
      kReservedWords.end()) {
    return false;
  }
  return context == YamlContext::kBlock ? text.back() != ':' : text.find(':') == std::string_view::npos;
}

// Of the character at the front, which is `length` bytes long.
void AppendQuoted(std::string_view text, size_t length, std::string& quoted) {
  const auto first = static_cast<unsigned char>(text[0]);
  const std::string_view character = text.substr(0, length);
  if (first == '"' || first == '\\') {
    Append(quoted, "\\", character);
  } else if (first == '\n') {
    quoted += "\\n";
  } else if (first == '\t') {
    quoted += "\\t";
  } else if (first < 0x20 || first == 0x7F) {
    absl::StrAppendFormat(&quoted, "\\x%02x", first);
  } else if (first == 0xC2 && static_cast<unsigned char>(text[1]) <= 0xA0) {
    // U+0080 to U+00A0: control characters, and a space that looks like another.
    absl::StrAppendFormat(&quoted, "\\x%02x", static_cast<unsigned char>(text[1]));
  } else if (character == "\u2028" || character == "\u2029" || character == "\uFEFF") {
    // Line ends to YAML, and the byte order mark.
    quoted += character == "\u2028" ? "\\u2028" : character == "\u2029" ? "\\u2029" : "\\ufeff";
  } else {
    quoted += character;
  }
}

}  // namespace

std::string QuoteYaml(std::string_view text, YamlContext context) {
  if (IsPlain(text, context)) return std::string(text);
  std::string quoted = "\"";
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    if (length == 0) {
      quoted += "\\ufffd";
      text.remove_prefix(1);
    } else {
      AppendQuoted(text, length, quoted);
      text.remove_prefix(length);
    }
  }
  return quoted + "\"";
}

bool SuitsLiteralBlock(std::string_view text) {
  if (text.find('\n') == std::string_view::npos || text[0] == '\n' || text[0] == ' ' || text.ends_with("\n\n")) {
    return false;
  }
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c == '\n' || (c >= 0x20 && c < 0x7F); });
}

}  // namespace fairlead::api
