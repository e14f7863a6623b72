#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

namespace fairlead::controlplane_mock {

// Functions that other threads (gRPC's) want run on the controller's thread, in the order of their coming. Lives longer
// than all who post to it.
class Inbox {
 public:
  using Function = absl::AnyInvocable<void()>;

  // Errors: what eventfd says.
  static absl::StatusOr<std::unique_ptr<Inbox>> Create();
  ~Inbox();
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  // From any thread.
  void Post(Function function);

  // The rest for the controller's thread. Readable when there is something to run.
  int fd() const { return fd_; }
  // Runs all that is there, what these functions post included.
  void RunAll();

 private:
  explicit Inbox(int fd) : fd_(fd) {}

  const int fd_;
  std::mutex mutex_;
  std::vector<Function> functions_;  // guarded by mutex_
};

}  // namespace fairlead::controlplane_mock
