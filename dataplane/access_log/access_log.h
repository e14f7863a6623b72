#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "dataplane/access_log/destination.h"
#include "dataplane/access_log/wake_up.h"
#include "dataplane/access_log/worker_log.h"
#include "dataplane/access_log/writer.h"

namespace fairlead::access_log {

// The access log of the program: an end for each worker, and the writer. On the control thread, owned by the server;
// outlives the workers.
class AccessLog {
 public:
  // How long its end waits for a destination that does not take what is left.
  static constexpr std::chrono::milliseconds kPatience{1'000};

  // `say` is told of errors, on the writer's thread.
  AccessLog(std::unique_ptr<Destination> destination, int workers, std::function<void(std::string_view)> say);
  // Writes what is left.
  ~AccessLog();

  // As long as this object.
  WorkerLog* worker(int index) { return workers_[index].get(); }
  // Has the file opened anew, by its name.
  void Reopen() { writer_->Reopen(); }

  struct Totals {
    uint64_t written = 0;
    uint64_t dropped = 0;
    uint64_t write_errors = 0;
  };
  // Lines, and times that writing failed, since the start.
  Totals totals() const;

 private:
  WakeUp wake_up_;
  std::vector<std::unique_ptr<WorkerLog>> workers_;
  std::unique_ptr<Writer> writer_;
};

}  // namespace fairlead::access_log
