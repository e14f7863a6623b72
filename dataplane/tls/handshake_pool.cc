#include "dataplane/tls/handshake_pool.h"

#include <sys/eventfd.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

#include "dataplane/tls/socket.h"

namespace fairlead::tls {
namespace {

// Half of the weight of a thread at 0, and half again: traffic gets nine tenths of a core that both want.
constexpr int kNice = 10;

using Clock = std::chrono::steady_clock;
// A step that is done waits no longer than this for those behind it: giving back takes two switches of threads where
// the worker has the same core, which several steps share.
constexpr std::chrono::milliseconds kLongestWait{1};

}  // namespace

// One thread, which takes its steps in their order.
class HandshakePool::Helper {
 public:
  Helper() : thread_([this] { Run(); }) {}
  ~Helper() { Stop(); }

  // Steps that were submitted and are not done.
  int waiting() const { return waiting_.load(std::memory_order_relaxed); }

  void Submit(std::unique_ptr<HandshakeStep> step) {
    waiting_.fetch_add(1, std::memory_order_relaxed);
    mailbox_.Post([this, step = std::move(step)]() mutable { Do(std::move(step)); });
  }

  void Stop() {
    if (!thread_.joinable()) return;
    mailbox_.Post([this] { stopped_ = true; });
    thread_.join();
  }

 private:
  void Run() {
    setpriority(PRIO_PROCESS, 0, kNice);  // of this thread alone (setpriority(2), "C library/kernel differences")
    while (!stopped_) {
      eventfd_t count;
      eventfd_read(mailbox_.fd(), &count);
      mailbox_.RunPosted();
      GiveBack();
    }
  }

  void Do(std::unique_ptr<HandshakeStep> step) {
    if (!step->abandoned.load(std::memory_order_relaxed)) step->Run();
    waiting_.fetch_sub(1, std::memory_order_relaxed);
    const Clock::time_point now = Clock::now();
    if (done_.empty()) first_done_ = now;
    done_.push_back(std::move(step));
    if (now - first_done_ >= kLongestWait) GiveBack();
  }

  // All that is done, to each loop its own in one message.
  void GiveBack() {
    while (!done_.empty()) {
      event::Mailbox* const loop = done_.front()->loop;
      std::vector<std::unique_ptr<HandshakeStep>> own;
      for (std::unique_ptr<HandshakeStep>& step : done_) {
        if (step->loop == loop) own.push_back(std::move(step));
      }
      std::erase(done_, nullptr);
      loop->Post([own = std::move(own)]() mutable {
        for (std::unique_ptr<HandshakeStep>& step : own) Socket::OnStepDone(std::move(step));
      });
    }
  }

  event::Mailbox mailbox_;
  std::atomic<int> waiting_{0};
  // The thread's:
  std::vector<std::unique_ptr<HandshakeStep>> done_;  // and not given back
  Clock::time_point first_done_;                      // where there are any: the first of them
  bool stopped_ = false;
  std::thread thread_;  // last: it uses all the others
};

HandshakePool::HandshakePool(int threads) {
  for (int i = 0; i < threads; ++i) helpers_.push_back(std::make_unique<Helper>());
}

HandshakePool::~HandshakePool() = default;

void HandshakePool::Submit(std::unique_ptr<HandshakeStep> step) {
  const auto less_to_do = [](const auto& a, const auto& b) { return a->waiting() < b->waiting(); };
  (*std::ranges::min_element(helpers_, less_to_do))->Submit(std::move(step));
}

void HandshakePool::Stop() {
  for (const std::unique_ptr<Helper>& helper : helpers_) helper->Stop();
}

}  // namespace fairlead::tls
