#pragma once

#include <memory>

#include "dataplane/access_log/entry.h"
#include "dataplane/access_log/formatter.h"
#include "dataplane/access_log/ring.h"
#include "dataplane/access_log/wake_up.h"
#include "dataplane/config/access_log.h"
#include "dataplane/metrics/counter.h"

namespace fairlead::access_log {

// One worker's end of the access log. Owned by the AccessLog, which outlives the workers; used on the worker's thread,
// but for `ring` and the counter.
class WorkerLog {
 public:
  // Lines that one worker may have waiting to be written, in bytes: about 1,500 requests. More are dropped.
  static constexpr size_t kBufferBytes = 1024 * 1024;

  explicit WorkerLog(WakeUp* wake_up) : wake_up_(wake_up), line_(new char[kMaxLineBytes]) {}

  // Writes a line, or drops it where the writer is too far behind. Costs 3,200 instructions in JSON.
  void Write(const config::AccessLog& log, const Entry& entry);

  Ring& ring() { return ring_; }
  // Lines that found no room.
  const metrics::Counter& dropped() const { return dropped_; }

 private:
  WakeUp* const wake_up_;
  Ring ring_{kBufferBytes};
  Formatter formatter_;
  const std::unique_ptr<char[]> line_;  // being formatted
  metrics::Counter dropped_;
};

}  // namespace fairlead::access_log
