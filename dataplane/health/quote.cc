#include "dataplane/health/quote.h"

#include "absl/strings/escaping.h"
#include "dataplane/base/absl_strings.h"

namespace fairlead::health {

std::string Quote(std::string_view text) {
  constexpr size_t kShown = 2 * 128 + 1;  // "BACKEND/SERVER" at its longest
  if (text.size() <= kShown) return base::StrCat("\"", absl::CHexEscape(base::ToAbsl(text)), "\"");
  return base::StrCat("\"", absl::CHexEscape(base::ToAbsl(text.substr(0, kShown))), "\"... (", text.size(), " bytes)");
}

}  // namespace fairlead::health
