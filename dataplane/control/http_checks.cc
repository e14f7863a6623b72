#include "dataplane/control/http_checks.h"

#include <string>

#include "dataplane/base/absl_strings.h"
#include "dataplane/health/quote.h"
#include "dataplane/http/authority.h"
#include "dataplane/http/scan.h"

namespace fairlead::control {

void CheckToken(std::string_view text, const Path& path, Violations& violations) {
  if (http::IsToken(text)) return;
  violations.Invalid(path, base::StrCat("not a token (letters, digits and !#$%&'*+-.^_`|~): ", health::Quote(text)));
}

void CheckFieldValue(std::string_view text, const Path& path, Violations& violations) {
  const char* const end = text.data() + text.size();
  if (http::SkipFieldValue(text.data(), end) != end) {
    violations.Invalid(path, base::StrCat("control characters: ", health::Quote(text)));
  } else if (http::TrimWhitespace(text).size() != text.size()) {
    violations.Invalid(path, base::StrCat("white space at the beginning or the end: ", health::Quote(text)));
  }
}

void CheckPathText(std::string_view text, const Path& path, Violations& violations) {
  if (!text.starts_with('/')) {
    violations.Invalid(path, base::StrCat("does not begin with '/': ", health::Quote(text)));
  } else {
    CheckPathPart(text, path, violations);
  }
}

void CheckPathPart(std::string_view text, const Path& path, Violations& violations) {
  const char* const end = text.data() + text.size();
  if (http::SkipTarget(text.data(), end) == end && text.find('?') == text.npos) return;
  violations.Invalid(path, base::StrCat("not for a path (visible ASCII without '?' and '#'): ", health::Quote(text)));
}

void CheckAuthority(std::string_view text, const Path& path, Violations& violations) {
  if (http::IsValidAuthority(text)) return;
  violations.Invalid(path, base::StrCat("not a host name or address, maybe with a port: ", health::Quote(text)));
}

}  // namespace fairlead::control
