#include "dataplane/event/loop.h"

#include "dataplane/event/epoll_loop.h"
#include "dataplane/event/io_uring_loop.h"

namespace fairlead::event {

absl::StatusOr<std::unique_ptr<Loop>> Loop::Create(IoBackend backend) {
  if (backend == IoBackend::kEpoll) return EpollLoop::Create();
  absl::StatusOr<std::unique_ptr<Loop>> loop = IoUringLoop::Create();
  if (!loop.ok() && backend == IoBackend::kAuto) return EpollLoop::Create();
  return loop;
}

void Loop::Run() {
  while (!stopped_) RunOnce(/*wait=*/true);
}

}  // namespace fairlead::event
