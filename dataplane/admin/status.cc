#include "dataplane/admin/status.h"

#include "dataplane/base/absl_strings.h"

namespace fairlead::admin {

std::string WhyNotReady(const Status& status) {
  if (status.draining) return "draining";
  if (status.snapshot.revision == 0) return "no revision yet: a controller has to send one";
  for (size_t i = 0; i < status.workers.size(); ++i) {
    if (status.workers[i].revision == 0) return base::StrCat("worker ", i, " serves no revision yet");
  }
  return "";
}

}  // namespace fairlead::admin
