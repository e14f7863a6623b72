#include "dataplane/access_log/format_parser.h"

#include <optional>
#include <vector>

#include "dataplane/access_log/escape.h"
#include "dataplane/access_log/fields.h"
#include "dataplane/base/utf8.h"
#include "dataplane/http/ascii.h"

namespace fairlead::access_log {
namespace {

using config::LogField;
using config::LogPiece;

std::string Quoted(std::string_view text) {
  char shown[128];
  char* const end = AppendEscaped(Escaping::kText, text, sizeof(shown), shown);
  return "\"" + std::string(shown, end) + "\"";
}

std::string KnownFields(const config::AccessLog& log) {
  std::string known;
  for (const FieldName& field : FieldNames()) known.append(known.empty() ? "" : ", ").append(field.name);
  for (const std::string& name : log.request_headers) known.append(", ").append(kRequestHeaderPrefix).append(name);
  for (const std::string& name : log.response_headers) known.append(", ").append(kResponseHeaderPrefix).append(name);
  return known;
}

// Where `name` begins with `prefix`: the piece for the header that its rest names.
std::optional<LogPiece> FindHeader(std::string_view name, std::string_view prefix, LogField field,
                                   const std::vector<std::string>& headers) {
  if (!name.starts_with(prefix)) return std::nullopt;
  for (size_t i = 0; i < headers.size(); ++i) {
    if (http::EqualsIgnoreCase(headers[i], name.substr(prefix.size()))) {
      return LogPiece{.field = field, .header = static_cast<uint16_t>(i)};
    }
  }
  return std::nullopt;
}

std::optional<LogPiece> FindPiece(std::string_view name, const config::AccessLog& log) {
  if (const std::optional<LogField> field = FindField(name)) return LogPiece{.field = *field};
  if (auto piece = FindHeader(name, kRequestHeaderPrefix, LogField::kRequestHeader, log.request_headers)) return piece;
  return FindHeader(name, kResponseHeaderPrefix, LogField::kResponseHeader, log.response_headers);
}

std::string UnknownField(std::string_view name, const config::AccessLog& log) {
  std::string error = "unknown field " + Quoted(name);
  for (std::string_view list : {std::string_view("request_header"), std::string_view("response_header")}) {
    const std::string prefix = std::string(list) + ".";
    if (name.starts_with(prefix)) {
      error += ": name " + Quoted(name.substr(prefix.size())) + " in " + std::string(list) + "s first";
    }
  }
  return error + "; known are " + KnownFields(log);
}

}  // namespace

std::string ParseFormat(std::string_view format, config::AccessLog* log) {
  std::string text;
  const auto at = [&](std::string_view rest) {
    return " at byte " + std::to_string(format.size() - rest.size()) + " of the format";
  };
  std::string_view rest = format;
  while (!rest.empty()) {
    const auto c = static_cast<unsigned char>(rest[0]);
    if (c < 0x20 || c == 0x7f) return "a control character" + at(rest);
    const size_t character_size = base::Utf8CharacterSize(rest);
    if (character_size == 0) return "not UTF-8" + at(rest);
    if (c != '%') {
      text += rest.substr(0, character_size);
      rest.remove_prefix(character_size);
    } else if (rest.starts_with("%%")) {
      text += '%';
      rest.remove_prefix(2);
    } else if (rest.starts_with("%{")) {
      const size_t end = rest.find('}');
      if (end == std::string_view::npos) return "\"%{\" without a \"}\"" + at(rest);
      const std::string_view name = rest.substr(2, end - 2);
      std::optional<LogPiece> piece = FindPiece(name, *log);
      if (!piece.has_value()) return UnknownField(name, *log);
      if (log->pieces.size() >= kMaxFormatFields) {
        return "more than " + std::to_string(kMaxFormatFields) + " fields";
      }
      piece->text = std::move(text);
      text.clear();
      log->pieces.push_back(*std::move(piece));
      rest.remove_prefix(end + 1);
    } else {
      return "'%' is followed by neither '{' nor '%'" + at(rest);
    }
  }
  log->tail = std::move(text);
  return {};
}

}  // namespace fairlead::access_log
