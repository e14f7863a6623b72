#pragma once

#include "absl/status/status.h"
#include "dataplane/event/loop.h"

namespace fairlead::event {

// Whether the kernel tells the end of a stream that comes right behind its last bytes. From Linux 6.8 on, a receive of
// many completions could miss it: it took the wake-ups of both for one, and found the bytes. A server that answers and
// closes would then look as if it had gone silent. Fixed by a68ed2df7213 ("io_uring/poll: fix multishot recv missing
// EOF on wakeup race"), in 7.0 and in updates of earlier releases.
//
// Tries it with `loop`, an io_uring loop of which the calling thread may become the owner, and which has nothing else
// to do. UNAVAILABLE where the end does not come, or the attempt itself fails.
absl::Status ProbeEndOfStream(Loop& loop);

}  // namespace fairlead::event
