#pragma once

namespace fairlead::worker {

// Answers an accepted connection, whatever it asks, with 503 (HTTP/1.1), and closes it: three system calls, no memory.
// Takes over the descriptor.
void RefuseConnection(int fd);

}  // namespace fairlead::worker
