#include "dataplane/event/mailbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <memory>
#include <utility>

namespace fairlead::event {

Mailbox::Mailbox() : fd_(eventfd(0, EFD_CLOEXEC)) {}

Mailbox::~Mailbox() {
  // Destroying a function may post another.
  while (Message* message = TakeAll()) {
    while (message != nullptr) delete std::exchange(message, message->next);
  }
  if (fd_ >= 0) close(fd_);
}

void Mailbox::Post(absl::AnyInvocable<void()> function) {
  Message* before = last_.load(std::memory_order_relaxed);
  auto* message = new Message{std::move(function), before};
  // Once this succeeds, the loop may run and delete the message at any time.
  while (!last_.compare_exchange_weak(before, message, std::memory_order_release, std::memory_order_relaxed)) {
    message->next = before;
  }
  if (before == nullptr) eventfd_write(fd_, 1);
}

void Mailbox::RunPosted() {
  if (last_.load(std::memory_order_relaxed) == nullptr) return;
  Message* message = TakeAll();
  while (message != nullptr) {
    const std::unique_ptr<Message> owned(std::exchange(message, message->next));
    owned->function();
  }
}

Mailbox::Message* Mailbox::TakeAll() {
  Message* newest = last_.exchange(nullptr, std::memory_order_acquire);
  Message* oldest = nullptr;
  while (newest != nullptr) {
    Message* older = std::exchange(newest->next, oldest);
    oldest = std::exchange(newest, older);
  }
  return oldest;
}

}  // namespace fairlead::event
