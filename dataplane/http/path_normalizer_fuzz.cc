// Whatever the path and the rules: normalizing again changes nothing, the path never grows nor climbs, and the query
// stays.
#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "dataplane/http/path_normalizer.h"

namespace fairlead::http {
namespace {

using Outcome = NormalizedPath::Outcome;

void Check(bool condition) {
  if (!condition) std::abort();
}

std::string_view PathOf(std::string_view target) { return target.substr(0, target.find('?')); }

// What a careless server makes of a path: decodes escapes, takes '\' for '/', and drops what follows a ';'.
std::string ReadCarelessly(std::string_view path) {
  std::string read;
  for (size_t i = 0; i < path.size(); ++i) {
    char c = path[i];
    const std::string digits(path.substr(i, 3));
    if (c == '%' && digits.size() == 3 && std::isxdigit(static_cast<unsigned char>(digits[1])) != 0 &&
        std::isxdigit(static_cast<unsigned char>(digits[2])) != 0) {
      c = static_cast<char>(std::stoi(digits.substr(1), nullptr, 16));
      i += 2;
      if (c == ';') c = 'x';  // parameters are cut off before escapes are read
    }
    read += c == '\\' ? '/' : c;
  }
  return read;
}

void CheckThatItHasNoDots(std::string_view path) {
  const std::string read = ReadCarelessly(path) + "/";
  for (size_t begin = 0; begin < read.size();) {
    const size_t end = read.find('/', begin);
    std::string segment = read.substr(begin, end - begin);
    segment = segment.substr(0, segment.find(';'));
    Check(segment != "." && segment != "..");
    begin = end + 1;
  }
}

void CheckPath(uint8_t bits, std::string_view rest) {
  PathNormalization rules;
  rules.escaped_slashes = static_cast<PathNormalization::EscapedSlashes>(std::min(bits & 3, 2));
  rules.decode_unreserved = (bits & 4) != 0;
  rules.merge_slashes = (bits & 8) != 0;
  rules.resolve_dot_segments = (bits & 16) != 0;
  const std::string target = "/" + std::string(rest);

  std::string once;
  const NormalizedPath result = NormalizePath(target, rules, &once);
  if (result.outcome == Outcome::kRefused) return Check(result.reason != nullptr);
  if (result.outcome == Outcome::kSame) once = target;
  Check(once.size() <= target.size());
  Check(once.starts_with('/'));
  Check(once.substr(PathOf(once).size()) == target.substr(PathOf(target).size()));
  std::string twice;
  Check(NormalizePath(once, rules, &twice).outcome == Outcome::kSame);
  if (rules.merge_slashes) Check(PathOf(once).find("//") == std::string_view::npos);
  if (rules.resolve_dot_segments) CheckThatItHasNoDots(PathOf(once));
}

}  // namespace
}  // namespace fairlead::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 0) fairlead::http::CheckPath(data[0], {reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
