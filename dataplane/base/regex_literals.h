#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/base/regex.h"

namespace re2 {
class FilteredRE2;
}

namespace fairlead::base {

// Texts that stand in whatever a regular expression matches: looking for them all at once tells of thousands of
// expressions that most can't match. For the control side, while an index is built.
class RegexLiterals {
 public:
  // Takes somewhat longer than compiling it.
  explicit RegexLiterals(const Regex& regex);
  ~RegexLiterals();
  RegexLiterals(RegexLiterals&&) noexcept;

  // All that are known of: distinct, of two bytes or more, in lower case. Texts that match have some of them, in any
  // case.
  const std::vector<std::string>& all() const { return all_; }

  // Some of them, of which every text that matches has at least one: as few as can be, without those that tell less
  // than others where these will do. None: the expression matches texts that have none of the literals.
  std::vector<std::string> Required(
      const std::function<bool(const std::string& a, const std::string& b)>& tells_less) const;

 private:
  // Whether a text without the literals at these places may match.
  bool CanDoWithout(const std::vector<int>& literals) const;

  std::unique_ptr<re2::FilteredRE2> filter_;
  std::vector<std::string> all_;
};

}  // namespace fairlead::base
