#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace re2 {
class RE2;
}

namespace fairlead::base {

// A regular expression of RE2's syntax, compiled: it takes time linear in the text, whatever the pattern. It works on
// bytes, since that is what comes over the wire; patterns are ASCII, and other bytes are written as \xNN.
//
// Compiled on the control side. Immutable to look at and shared by all workers: matching takes RE2's own lock for
// readers (docs/adr/0008), and may allocate, up to kMaxMemory for as long as the object lives.
class Regex {
 public:
  static constexpr size_t kMaxPatternBytes = 1'024;
  // Instructions that it may compile to. The time that matching a byte of text may take is in proportion.
  static constexpr int kMaxProgramSize = 2'000;
  // Bytes that one may take, compiled and with the states that matching adds; where these don't fit, it goes on without
  // them, more slowly.
  static constexpr size_t kMaxMemory = 256 * 1024;

  // Or what is wrong with the pattern, in RE2's words.
  static absl::StatusOr<std::shared_ptr<const Regex>> Compile(std::string_view pattern);
  ~Regex();
  Regex(const Regex&) = delete;
  Regex& operator=(const Regex&) = delete;

  const std::string& pattern() const { return pattern_; }
  // Groups in parentheses that a substitution may refer to.
  int group_count() const;

  // Whether it matches all of `text`.
  bool MatchesWhole(std::string_view text) const;

  // `text` with the first part that matches replaced by `substitution`, where \0 stands for all of that part, \1 to \9
  // for groups (nothing, where the group took no part) and "\\" for a backslash. nullopt: no part matches.
  std::optional<std::string> ReplaceFirst(std::string_view text, std::string_view substitution) const;

 private:
  Regex(std::string pattern, std::unique_ptr<const re2::RE2> compiled);

  const std::string pattern_;
  const std::unique_ptr<const re2::RE2> compiled_;
};

// What is wrong with a substitution for a pattern of so many groups; empty: nothing.
std::string FaultOfSubstitution(std::string_view substitution, int group_count);

}  // namespace fairlead::base
