#include "dataplane/control/domain_name.h"

#include <arpa/inet.h>

#include <string>

#include "absl/strings/ascii.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/base/host_name.h"
#include "dataplane/health/quote.h"

namespace fairlead::control {
namespace {

bool IsBracketedIpv6(std::string_view text) {
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return false;
  in6_addr unused;
  return inet_pton(AF_INET6, std::string(text.substr(1, text.size() - 2)).c_str(), &unused) == 1;
}

}  // namespace

bool IsDomainPattern(std::string_view text) {
  if (text == "*") return true;
  if (text.substr(0, 2) == "*.") return base::IsHostName(text.substr(2));
  return base::IsHostName(text) || IsBracketedIpv6(text);
}

std::string CheckDomainPattern(std::string_view text, std::string_view scope, absl::flat_hash_set<std::string>& taken,
                               const Path& path, Violations& violations) {
  std::string domain(text);
  absl::AsciiStrToLower(&domain);
  if (!IsDomainPattern(domain)) {
    violations.Invalid(path, base::StrCat("not a host name, \"*.\" and a host name, or \"*\": ", health::Quote(text)));
  } else if (!taken.insert(domain).second) {
    violations.Add(v1::Violation::ALREADY_EXISTS, path,
                   base::StrCat("twice in this ", scope, ": ", health::Quote(text)));
  }
  return domain;
}

}  // namespace fairlead::control
