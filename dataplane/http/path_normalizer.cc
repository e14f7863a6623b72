#include "dataplane/http/path_normalizer.h"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "dataplane/http/ascii.h"

namespace fairlead::http {
namespace {

using EscapedSlashes = PathNormalization::EscapedSlashes;
using Outcome = NormalizedPath::Outcome;

constexpr int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = ToLower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

constexpr char ToUpperHex(char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 0x20) : c; }

// RFC 3986 §2.3.
constexpr bool IsUnreserved(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

// The byte that the escape at `position` stands for; none if it is no escape.
std::optional<unsigned char> Unescape(std::string_view text, size_t position) {
  if (position + 2 >= text.size()) return std::nullopt;
  const int high = HexDigit(text[position + 1]);
  const int low = HexDigit(text[position + 2]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<unsigned char>(high << 4 | low);
}

// Whether the path may be anything but normal.
bool NeedsWork(std::string_view path) {
  char previous = '\0';
  for (const char c : path) {
    // Dots behind anything that may separate segments.
    const bool suspicious =
        c == '%' || (c == '/' && previous == '/') || (c == '.' && (previous == '/' || previous == '\\'));
    if (suspicious) return true;
    previous = c;
  }
  return false;
}

const char* WriteUnescaped(std::string_view path, const PathNormalization& rules, std::string& out) {
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '%') {
      out += path[i];
      continue;
    }
    const std::optional<unsigned char> byte = Unescape(path, i);
    if (!byte.has_value()) {
      if (rules.decode_unreserved) return "a '%' without two hexadecimal digits in the path";
      out += '%';
      continue;
    }
    const bool is_slash = *byte == '/' || *byte == '\\';
    if (is_slash && rules.escaped_slashes == EscapedSlashes::kReject) return "an escaped slash in the path";
    if (*byte == 0 && rules.decode_unreserved) return "an escaped NUL in the path";
    if ((is_slash && rules.escaped_slashes == EscapedSlashes::kDecode) ||
        (rules.decode_unreserved && IsUnreserved(*byte))) {
      out += static_cast<char>(*byte);
    } else {
      out += '%';
      out += rules.decode_unreserved ? ToUpperHex(path[i + 1]) : path[i + 1];
      out += rules.decode_unreserved ? ToUpperHex(path[i + 2]) : path[i + 2];
    }
    i += 2;
  }
  return nullptr;
}

void MergeSlashes(std::string& path) {
  size_t size = 0;
  for (const char c : path) {
    if (c == '/' && size > 0 && path[size - 1] == '/') continue;
    path[size++] = c;
  }
  path.resize(size);
}

// 1 for ".", 2 for "..", their dots maybe escaped, else 0.
int DotsOf(std::string_view segment) {
  int dots = 0;
  while (!segment.empty()) {
    if (segment[0] == '.') {
      segment.remove_prefix(1);
    } else if (EqualsLowerCase(segment.substr(0, 3), "%2e")) {
      segment.remove_prefix(3);
    } else {
      return 0;
    }
    if (++dots > 2) return 0;
  }
  return dots;
}

// The end of the part of a segment that begins at `begin`: at what some servers take for a slash, or at the end.
struct PartEnd {
  size_t position;
  size_t separator_size;
};
PartEnd FindPartEnd(std::string_view segment, size_t begin) {
  for (size_t i = begin; i < segment.size(); ++i) {
    if (segment[i] == '\\') return {i, 1};
    if (segment[i] != '%') continue;
    const std::optional<unsigned char> byte = Unescape(segment, i);
    if (byte.has_value() && (*byte == '/' || *byte == '\\')) return {i, 3};
  }
  return {segment.size(), 0};
}

// Whether the segment, which is no dot segment, has one in it for some servers.
bool HidesDots(std::string_view segment) {
  for (size_t begin = 0; begin <= segment.size();) {
    const PartEnd end = FindPartEnd(segment, begin);
    const std::string_view part = segment.substr(begin, end.position - begin);
    if (DotsOf(part.substr(0, part.find(';'))) > 0) return true;
    if (end.separator_size == 0) return false;
    begin = end.position + end.separator_size;
  }
  return false;
}

// RFC 3986 §5.2.4, in place.
const char* ResolveDotSegments(std::string& path) {
  size_t size = 0;  // of what is resolved: it has no '/' at its end
  for (size_t begin = 0; begin < path.size();) {
    const size_t end = std::min(path.find('/', begin + 1), path.size());
    const std::string_view segment = std::string_view(path).substr(begin + 1, end - begin - 1);
    const int dots = DotsOf(segment);
    if (dots == 0) {
      if (HidesDots(segment)) return "a disguised dot segment in the path";
      std::copy(path.begin() + static_cast<ptrdiff_t>(begin), path.begin() + static_cast<ptrdiff_t>(end),
                path.begin() + static_cast<ptrdiff_t>(size));
      size += end - begin;
    } else if (dots == 2) {
      if (size == 0) return "a path that leaves the root";
      size = path.rfind('/', size - 1);
    }
    if (dots > 0 && end == path.size()) path[size++] = '/';
    begin = end;
  }
  path.resize(size);
  return nullptr;
}

}  // namespace

NormalizedPath NormalizePath(std::string_view target, const PathNormalization& rules, std::string* normalized) {
  const size_t path_size = std::min(target.find('?'), target.size());
  const std::string_view path = target.substr(0, path_size);
  if (!NeedsWork(path)) return {};
  std::string& out = *normalized;
  out.clear();
  const char* reason = WriteUnescaped(path, rules, out);
  if (reason == nullptr && rules.merge_slashes) MergeSlashes(out);
  if (reason == nullptr && rules.resolve_dot_segments) reason = ResolveDotSegments(out);
  if (reason != nullptr) return {.outcome = Outcome::kRefused, .reason = reason};
  if (out == path) return {};
  out.append(target.substr(path_size));
  return {.outcome = Outcome::kChanged};
}

}  // namespace fairlead::http
