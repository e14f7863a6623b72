#include "dataplane/control/in_use.h"

#include <algorithm>

#include "dataplane/base/absl_strings.h"
#include "dataplane/health/quote.h"

namespace fairlead::control {

void AddInUse(std::string_view kind, std::vector<std::string> users, const Path& place, Violations& violations) {
  if (users.empty()) return;
  std::sort(users.begin(), users.end());
  std::string message = base::StrCat("still referred to by ", kind, " ");
  for (size_t i = 0; i < users.size(); ++i) {
    if (i > 0) message += ", ";
    message += health::Quote(users[i]);
  }
  violations.Add(v1::Violation::IN_USE, place, std::move(message));
}

}  // namespace fairlead::control
