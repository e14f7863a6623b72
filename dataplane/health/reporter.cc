#include "dataplane/health/reporter.h"

#include <algorithm>
#include <functional>
#include <iterator>

#include "dataplane/base/absl_strings.h"

namespace fairlead::health {

BackendPatterns::BackendPatterns(const std::vector<std::string>& patterns) {
  for (const std::string& pattern : patterns) {
    if (pattern.ends_with('*')) {
      prefixes_.push_back(pattern.substr(0, pattern.size() - 1));
    } else {
      ids_.insert(pattern);
    }
  }
  // What begins with another comes behind it.
  std::ranges::sort(prefixes_);
  const auto rest = std::unique(prefixes_.begin(), prefixes_.end(),
                                [](const std::string& a, const std::string& b) { return b.starts_with(a); });
  prefixes_.erase(rest, prefixes_.end());
}

bool BackendPatterns::Match(std::string_view backend) const {
  if (ids_.contains(base::ToAbsl(backend))) return true;
  // Only the last of those that are not greater can be its beginning: another one in between would begin with it.
  const auto after = std::ranges::upper_bound(prefixes_, backend, std::less<>());
  return after != prefixes_.begin() && backend.starts_with(*std::prev(after));
}

}  // namespace fairlead::health
