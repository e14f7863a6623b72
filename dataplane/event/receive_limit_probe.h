#pragma once

#include "dataplane/event/loop.h"

namespace fairlead::event {

// Whether bytes arrive at a socket of `loop` at all: an io_uring loop whose receives have a limit gets none from a
// kernel that does not know such limits, but an error. Linux knows them from 6.17 on.
//
// The calling thread may become the loop's owner, and the loop has nothing else to do.
bool ReceivesWithLimit(Loop& loop);

}  // namespace fairlead::event
