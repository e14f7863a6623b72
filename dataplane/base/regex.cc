#include "dataplane/base/regex.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/status/status.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/base/regex_options.h"
#include "re2/re2.h"

namespace fairlead::base {
namespace {

constexpr int kMaxGroups = 10;  // \0 to \9

re2::StringPiece ToRe2(std::string_view text) { return {text.data(), text.size()}; }

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

absl::StatusOr<std::shared_ptr<const Regex>> Regex::Compile(std::string_view pattern) {
  if (pattern.size() > kMaxPatternBytes) {
    return absl::InvalidArgumentError(StrCat("longer than ", kMaxPatternBytes, " bytes: ", pattern.size()));
  }
  if (!IsAscii(pattern)) return absl::InvalidArgumentError("not ASCII; other bytes are written as \\xNN");
  auto compiled = std::make_unique<const re2::RE2>(ToRe2(pattern), RegexOptions());
  if (!compiled->ok()) return absl::InvalidArgumentError(compiled->error());
  if (compiled->ProgramSize() > kMaxProgramSize) {
    return absl::InvalidArgumentError(
        StrCat("compiles to ", compiled->ProgramSize(), " instructions; at most ", kMaxProgramSize));
  }
  return std::shared_ptr<const Regex>(new Regex(std::string(pattern), std::move(compiled)));
}

Regex::Regex(std::string pattern, std::unique_ptr<const re2::RE2> compiled)
    : pattern_(std::move(pattern)), compiled_(std::move(compiled)) {}

Regex::~Regex() = default;

int Regex::group_count() const { return compiled_->NumberOfCapturingGroups(); }

bool Regex::MatchesWhole(std::string_view text) const {
  return compiled_->Match(ToRe2(text), 0, text.size(), re2::RE2::ANCHOR_BOTH, nullptr, 0);
}

std::optional<std::string> Regex::ReplaceFirst(std::string_view text, std::string_view substitution) const {
  std::array<re2::StringPiece, kMaxGroups> groups;
  const int group_total = std::min(kMaxGroups, 1 + group_count());
  if (!compiled_->Match(ToRe2(text), 0, text.size(), re2::RE2::UNANCHORED, groups.data(), group_total)) {
    return std::nullopt;
  }
  const size_t begin = groups[0].data() - text.data();
  std::string result(text.substr(0, begin));
  for (size_t i = 0; i < substitution.size(); ++i) {
    const char c = substitution[i];
    if (c != '\\' || i + 1 == substitution.size()) {
      result.push_back(c);
      continue;
    }
    const char next = substitution[++i];
    if (IsDigit(next)) {
      const re2::StringPiece& group = groups[next - '0'];
      result.append(group.data(), group.size());
    } else {
      result.push_back(next);
    }
  }
  result.append(text.substr(begin + groups[0].size()));
  return result;
}

std::string FaultOfSubstitution(std::string_view substitution, int group_count) {
  for (size_t i = 0; i < substitution.size(); ++i) {
    if (substitution[i] != '\\') continue;
    if (++i == substitution.size()) return "ends with a single backslash";
    const char next = substitution[i];
    if (next == '\\') continue;
    if (!IsDigit(next)) return "a backslash before something other than a digit or a backslash";
    if (next - '0' > group_count)
      return StrCat("\\", std::string(1, next), ", but the pattern has ", group_count, " groups");
  }
  return {};
}

}  // namespace fairlead::base
