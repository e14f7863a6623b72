#include "tests/support/origin/thread_each.h"

#include <utility>

namespace fairlead::origin {

ThreadEach::~ThreadEach() {
  for (Worker& worker : workers_) worker.thread.join();
}

void ThreadEach::Start(std::function<void()> work) {
  workers_.remove_if([](Worker& worker) {
    if (!worker.ended) return false;
    worker.thread.join();
    return true;
  });
  Worker& worker = workers_.emplace_back();
  worker.thread = std::thread([&worker, work = std::move(work)] {
    work();
    worker.ended = true;
  });
}

}  // namespace fairlead::origin
