#pragma once

#include <future>
#include <memory>
#include <thread>
#include <type_traits>
#include <utility>

#include "dataplane/event/loop.h"

namespace fairlead::control {

// A control thread for tests. What lives on it is made and destroyed there: see Run.
class LoopThread {
 public:
  LoopThread() : loop_(*event::Loop::Create(event::IoBackend::kEpoll)), thread_([this] { loop_->Run(); }) {}
  ~LoopThread() { Stop(); }

  event::Loop* loop() { return loop_.get(); }

  // Runs `function` on the thread, and returns what it returns.
  template <typename Function>
  std::invoke_result_t<Function> Run(Function function) {
    std::packaged_task<std::invoke_result_t<Function>()> task(std::move(function));
    auto result = task.get_future();
    loop_->mailbox().Post([&task] { task(); });
    return result.get();
  }

  // Ends the thread after what is posted by now. What is posted later is not run any more.
  void Stop() {
    if (!thread_.joinable()) return;
    loop_->mailbox().Post([this] { loop_->Stop(); });
    thread_.join();
  }

 private:
  std::unique_ptr<event::Loop> loop_;
  std::thread thread_;
};

}  // namespace fairlead::control
