#pragma once

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

// Debian builds abseil with a string_view of its own, which knows nothing of std::string_view. What stands between
// them.
namespace fairlead::base {

inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view FromAbsl(absl::string_view text) { return {text.data(), text.size()}; }

namespace absl_strings_internal {
class Piece : public absl::AlphaNum {
 public:
  using absl::AlphaNum::AlphaNum;
  explicit Piece(std::string_view text) : absl::AlphaNum(ToAbsl(text)) {}
};
}  // namespace absl_strings_internal

// absl::StrCat that takes std::string_view, too.
template <typename... Pieces>
std::string StrCat(const Pieces&... pieces) {
  return absl::StrCat(absl_strings_internal::Piece(pieces)...);
}

}  // namespace fairlead::base
