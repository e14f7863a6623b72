#include "api/yaml/nearest_name.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "api/yaml/concat.h"

namespace fairlead::api {
namespace {

// Longer names than these are nobody's typing; the bound keeps a hostile file from costing a square of its length.
constexpr size_t kMaxLength = 64;

std::string Fold(std::string_view name) {
  std::string folded;
  for (char c : name) {
    if (c != '_' && c != '-') folded.push_back(absl::ascii_tolower(static_cast<unsigned char>(c)));
  }
  return folded;
}

// The optimal string alignment distance.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before_last(b.size() + 1);
  std::vector<size_t> last(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    before_last.swap(last);
    last.swap(row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, change});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row[b.size()];
}

}  // namespace

std::string_view NearestName(std::string_view written, const std::vector<std::string_view>& known) {
  if (written.size() > kMaxLength) return "";
  const std::string folded = Fold(written);
  std::string_view nearest;
  size_t nearest_distance = std::max<size_t>(1, folded.size() / 3) + 1;
  for (std::string_view name : known) {
    const size_t distance = Distance(folded, Fold(name));
    if (distance < nearest_distance && distance < name.size()) {
      nearest = name;
      nearest_distance = distance;
    }
  }
  return nearest;
}

std::string DidYouMean(std::string_view written, const std::vector<std::string_view>& known) {
  const std::string_view nearest = NearestName(written, known);
  return nearest.empty() ? "" : Concat(" did you mean \"", nearest, "\"?");
}

}  // namespace fairlead::api
