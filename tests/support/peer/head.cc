#include "tests/support/peer/head.h"

#include <algorithm>

#include "tests/support/peer/text.h"

namespace fairlead::peer {
namespace {

absl::Status Malformed(std::string_view what, std::string_view where) {
  return absl::InvalidArgumentError(Concat(what, ": ", Quoted(where.substr(0, 200))));
}

bool IsToken(std::string_view text) {
  constexpr std::string_view kPunctuation = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    bool is_alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return is_alphanumeric || kPunctuation.find(c) != std::string_view::npos;
  });
}

bool HasControls(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f'; });
}

// Takes the first line off `text`; the line ends with CRLF and holds no other CR or LF.
absl::StatusOr<std::string_view> TakeLine(std::string_view& text) {
  size_t end = text.find("\r\n");
  if (end == std::string_view::npos) return Malformed("line without CRLF", text);
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 2);
  if (HasControls(line)) return Malformed("control character in line", line);
  return line;
}

absl::StatusOr<int> ParseVersion(std::string_view version) {
  if (version == "HTTP/1.1") return 1;
  if (version == "HTTP/1.0") return 0;
  return Malformed("not HTTP/1.1 or HTTP/1.0", version);
}

// The framing that the fields themselves name; kNone when they name none.
absl::StatusOr<Framing> FramingOf(const std::vector<Field>& fields) {
  Framing framing;
  for (const Field& field : fields) {
    bool is_length = EqualsIgnoreCase(field.name, "content-length");
    if (!is_length && !EqualsIgnoreCase(field.name, "transfer-encoding")) continue;
    if (framing.kind != Framing::Kind::kNone) return Malformed("framed twice", field.value);
    if (is_length) {
      std::optional<uint64_t> length = ParseNumber(field.value);
      if (!length) return Malformed("bad length", field.value);
      framing = {Framing::Kind::kLength, *length};
    } else {
      if (!EqualsIgnoreCase(field.value, "chunked")) return Malformed("unknown coding", field.value);
      framing.kind = Framing::Kind::kChunked;
    }
  }
  return framing;
}

bool KeepsAlive(int minor_version, const std::vector<Field>& fields) {
  if (ListHas(fields, "connection", "close")) return false;
  return minor_version >= 1 || ListHas(fields, "connection", "keep-alive");
}

}  // namespace

std::optional<std::string_view> FindField(const std::vector<Field>& fields, std::string_view name) {
  for (const Field& field : fields) {
    if (EqualsIgnoreCase(field.name, name)) return field.value;
  }
  return std::nullopt;
}

bool ListHas(const std::vector<Field>& fields, std::string_view name, std::string_view token) {
  for (const Field& field : fields) {
    if (!EqualsIgnoreCase(field.name, name)) continue;
    for (std::string_view rest = field.value; !rest.empty();) {
      std::string_view member = rest.substr(0, rest.find(','));
      if (EqualsIgnoreCase(Trim(member), token)) return true;
      rest.remove_prefix(std::min(rest.size(), member.size() + 1));
    }
  }
  return false;
}

absl::StatusOr<std::vector<Field>> ParseFields(std::string_view lines) {
  std::vector<Field> fields;
  while (!lines.empty()) {
    absl::StatusOr<std::string_view> line = TakeLine(lines);
    if (!line.ok()) return line.status();
    size_t colon = line->find(':');
    if (colon == std::string_view::npos) return Malformed("field without a colon", *line);
    std::string_view name = line->substr(0, colon);
    if (!IsToken(name)) return Malformed("not a field name", *line);
    fields.push_back({std::string(name), std::string(Trim(line->substr(colon + 1)))});
  }
  return fields;
}

absl::StatusOr<RequestHead> ParseRequestHead(std::string raw) {
  RequestHead head;
  std::string_view rest = raw;
  absl::StatusOr<std::string_view> line = TakeLine(rest);
  if (!line.ok()) return line.status();
  size_t first_space = line->find(' ');
  size_t last_space = line->rfind(' ');
  if (first_space == std::string_view::npos || last_space <= first_space + 1) {
    return Malformed("bad request line", *line);
  }
  head.method = std::string(line->substr(0, first_space));
  head.target = std::string(line->substr(first_space + 1, last_space - first_space - 1));
  if (!IsToken(head.method) || head.target.find(' ') != std::string::npos) return Malformed("bad request line", *line);
  absl::StatusOr<int> version = ParseVersion(line->substr(last_space + 1));
  if (!version.ok()) return version.status();
  head.minor_version = *version;

  if (!rest.ends_with("\r\n")) return Malformed("head without its end", rest);
  absl::StatusOr<std::vector<Field>> fields = ParseFields(rest.substr(0, rest.size() - 2));
  if (!fields.ok()) return fields.status();
  head.fields = *std::move(fields);
  auto hosts = std::count_if(head.fields.begin(), head.fields.end(),
                             [](const Field& field) { return EqualsIgnoreCase(field.name, "host"); });
  if (hosts > 1 || (hosts == 0 && head.minor_version == 1)) return Malformed("not exactly one Host", raw);
  absl::StatusOr<Framing> framing = FramingOf(head.fields);
  if (!framing.ok()) return framing.status();
  head.framing = *framing;
  head.keep_alive = KeepsAlive(head.minor_version, head.fields);
  head.raw = std::move(raw);
  return head;
}

absl::StatusOr<ResponseHead> ParseResponseHead(std::string raw, std::string_view request_method) {
  ResponseHead head;
  std::string_view rest = raw;
  absl::StatusOr<std::string_view> line = TakeLine(rest);
  if (!line.ok()) return line.status();
  // HTTP-version SP 3DIGIT SP [reason-phrase]
  if (line->size() < 13 || (*line)[8] != ' ' || (*line)[12] != ' ') return Malformed("bad status line", *line);
  std::optional<uint64_t> status = ParseNumber(line->substr(9, 3));
  if (!status || *status < 100) return Malformed("bad status line", *line);
  head.status = static_cast<int>(*status);
  absl::StatusOr<int> version = ParseVersion(line->substr(0, 8));
  if (!version.ok()) return version.status();
  head.minor_version = *version;

  if (!rest.ends_with("\r\n")) return Malformed("head without its end", rest);
  absl::StatusOr<std::vector<Field>> fields = ParseFields(rest.substr(0, rest.size() - 2));
  if (!fields.ok()) return fields.status();
  head.fields = *std::move(fields);
  absl::StatusOr<Framing> framing = FramingOf(head.fields);
  if (!framing.ok()) return framing.status();
  head.framing = *framing;
  bool without_body = request_method == "HEAD" || head.status < 200 || head.status == 204 || head.status == 304;
  if (without_body) {
    head.framing = {};
  } else if (head.framing.kind == Framing::Kind::kNone) {
    head.framing.kind = Framing::Kind::kUntilClose;
  }
  head.keep_alive = head.framing.kind != Framing::Kind::kUntilClose && KeepsAlive(head.minor_version, head.fields);
  head.raw = std::move(raw);
  return head;
}

}  // namespace fairlead::peer
