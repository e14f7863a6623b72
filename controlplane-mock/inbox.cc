#include "controlplane-mock/inbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/status/status.h"

namespace fairlead::controlplane_mock {

absl::StatusOr<std::unique_ptr<Inbox>> Inbox::Create() {
  const int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, "eventfd");
  return std::unique_ptr<Inbox>(new Inbox(fd));
}

Inbox::~Inbox() { close(fd_); }

void Inbox::Post(Function function) {
  const std::lock_guard lock(mutex_);
  functions_.push_back(std::move(function));
  // Under the lock: who runs the function may then destroy the inbox.
  if (functions_.size() == 1) eventfd_write(fd_, 1);
}

void Inbox::RunAll() {
  for (;;) {
    std::vector<Function> functions;
    {
      const std::lock_guard lock(mutex_);
      if (functions_.empty()) return;
      functions.swap(functions_);
      eventfd_t count = 0;
      eventfd_read(fd_, &count);
    }
    for (Function& function : functions) function();
  }
}

}  // namespace fairlead::controlplane_mock
