#include "dataplane/base/regex_literals.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "dataplane/base/regex_options.h"
#include "re2/filtered_re2.h"

namespace fairlead::base {
namespace {

// Shorter texts stand in nearly every path.
constexpr int kMinBytes = 2;

}  // namespace

RegexLiterals::RegexLiterals(const Regex& regex) : filter_(std::make_unique<re2::FilteredRE2>(kMinBytes)) {
  int id;
  // It was compiled in the same way before.
  if (filter_->Add(regex.pattern(), RegexOptions(), &id) == re2::RE2::NoError) filter_->Compile(&all_);
}

RegexLiterals::~RegexLiterals() = default;
RegexLiterals::RegexLiterals(RegexLiterals&&) noexcept = default;

bool RegexLiterals::CanDoWithout(const std::vector<int>& literals) const {
  std::vector<int> there;
  for (int i = 0; i < static_cast<int>(all_.size()); ++i) {
    if (std::find(literals.begin(), literals.end(), i) == literals.end()) there.push_back(i);
  }
  std::vector<int> potentials;
  filter_->AllPotentials(there, &potentials);
  return !potentials.empty();
}

// RE2 makes of an expression a formula of its literals, of ANDs and ORs, and tells of the whole of it only whether it
// can hold with some of them. A set of which one must be there is what the formula can't do without; whatever the set
// of all of them can spare is taken out of it.
std::vector<std::string> RegexLiterals::Required(
    const std::function<bool(const std::string& a, const std::string& b)>& tells_less) const {
  std::vector<int> required(all_.size());
  std::iota(required.begin(), required.end(), 0);
  if (required.empty() || CanDoWithout(required)) return {};
  std::sort(required.begin(), required.end(), [&](int a, int b) { return tells_less(all_[a], all_[b]); });
  for (size_t i = 0; i < required.size();) {
    std::vector<int> fewer = required;
    fewer.erase(fewer.begin() + i);
    if (CanDoWithout(fewer)) {
      ++i;
    } else {
      required = std::move(fewer);
    }
  }
  std::vector<std::string> result;
  for (int i : required) result.push_back(all_[i]);
  return result;
}

}  // namespace fairlead::base
