#include "dataplane/access_log/access_log.h"

#include <utility>

namespace fairlead::access_log {

AccessLog::AccessLog(std::unique_ptr<Destination> destination, int workers, std::function<void(std::string_view)> say) {
  std::vector<Ring*> rings;
  for (int i = 0; i < workers; ++i) {
    workers_.push_back(std::make_unique<WorkerLog>(&wake_up_));
    rings.push_back(&workers_.back()->ring());
  }
  writer_ = std::make_unique<Writer>(std::move(destination), std::move(rings), &wake_up_, std::move(say));
}

AccessLog::~AccessLog() { writer_->Finish(kPatience); }

AccessLog::Totals AccessLog::totals() const {
  Totals totals{
      .written = writer_->written().value(),
      .dropped = writer_->unfit().value(),
      .write_errors = writer_->errors().value(),
  };
  for (const std::unique_ptr<WorkerLog>& worker : workers_) totals.dropped += worker->dropped().value();
  return totals;
}

}  // namespace fairlead::access_log
