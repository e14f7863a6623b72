#include "dataplane/control/background.h"

#include <sys/eventfd.h>
#include <sys/resource.h>

#include <utility>

namespace fairlead::control {
namespace {

constexpr int kNice = 10;  // as the threads that help with handshakes

}  // namespace

BackgroundThread::BackgroundThread(event::Mailbox* control) : control_(control), thread_([this] { Run(); }) {}

BackgroundThread::~BackgroundThread() {
  mailbox_.Post([this] { stopped_ = true; });
  thread_.join();
}

void BackgroundThread::Do(absl::AnyInvocable<void()> work, absl::AnyInvocable<void()> done) {
  mailbox_.Post([this, work = std::move(work), done = std::move(done)]() mutable {
    work();
    work = nullptr;
    control_->Post(std::move(done));
  });
}

void BackgroundThread::Run() {
  setpriority(PRIO_PROCESS, 0, kNice);  // of this thread alone (setpriority(2), "C library/kernel differences")
  while (!stopped_) {
    eventfd_t count;
    eventfd_read(mailbox_.fd(), &count);
    mailbox_.RunPosted();
  }
}

}  // namespace fairlead::control
