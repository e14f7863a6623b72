#pragma once

#include "dataplane/base/unique_fd.h"

namespace fairlead::worker {

// Answers an accepted connection of HTTP/1.1, whatever it asks, with 503, and closes it: three system calls, no memory.
void RefuseHttpConnection(base::UniqueFd connection);

}  // namespace fairlead::worker
