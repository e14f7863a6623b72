#include "dataplane/access_log/worker_log.h"

#include <string_view>

namespace fairlead::access_log {

void WorkerLog::Write(const config::AccessLog& log, const Entry& entry) {
  const char* const end = formatter_.Format(log, entry, line_.get());
  if (!ring_.Push(std::string_view(line_.get(), end - line_.get()))) return dropped_.Increment();
  wake_up_->IfAsleep();
}

}  // namespace fairlead::access_log
