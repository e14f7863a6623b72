#include "dataplane/event/loop.h"

#include <utility>

#include "dataplane/event/epoll_loop.h"

namespace fairlead::event {

absl::StatusOr<std::unique_ptr<Loop>> Loop::Create(IoBackend backend) {
  if (backend == IoBackend::kIoUring) return absl::UnavailableError("io_uring is not part of this build");
  return EpollLoop::Create();
}

void Loop::Run() {
  while (!stopped_) RunOnce(/*wait=*/true);
}

}  // namespace fairlead::event
