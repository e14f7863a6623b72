#include "dataplane/base/host_name.h"

#include "absl/strings/ascii.h"

namespace fairlead::base {

bool IsHostName(std::string_view text) {
  constexpr size_t kMaxLabelBytes = 63;
  if (text.size() > kMaxHostNameBytes) return false;
  size_t label = 0;
  for (char c : text) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
    } else if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_') {
      if (++label > kMaxLabelBytes) return false;
    } else {
      return false;
    }
  }
  return label > 0;
}

}  // namespace fairlead::base
