#include "dataplane/control/domain_name.h"

#include <arpa/inet.h>

#include <string>

#include "absl/strings/ascii.h"

namespace fairlead::control {
namespace {

bool IsHostName(std::string_view text) {
  constexpr size_t kMaxBytes = 253;
  constexpr size_t kMaxLabelBytes = 63;
  if (text.size() > kMaxBytes) return false;
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

bool IsBracketedIpv6(std::string_view text) {
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return false;
  in6_addr unused;
  return inet_pton(AF_INET6, std::string(text.substr(1, text.size() - 2)).c_str(), &unused) == 1;
}

}  // namespace

bool IsDomainPattern(std::string_view text) {
  if (text == "*") return true;
  if (text.substr(0, 2) == "*.") return IsHostName(text.substr(2));
  return IsHostName(text) || IsBracketedIpv6(text);
}

}  // namespace fairlead::control
