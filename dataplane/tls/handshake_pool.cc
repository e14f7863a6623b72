#include "dataplane/tls/handshake_pool.h"

#include <sys/eventfd.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "dataplane/tls/socket.h"

namespace fairlead::tls {
namespace {

// Half of the weight of a thread at 0, and half again: traffic gets nine tenths of a core that both want.
constexpr int kNice = 10;

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
    mailbox_.Post([this, step = std::move(step)]() mutable {
      if (!step->abandoned.load(std::memory_order_relaxed)) step->Run();
      waiting_.fetch_sub(1, std::memory_order_relaxed);
      event::Mailbox* const loop = step->loop;
      loop->Post([step = std::move(step)]() mutable { Socket::OnStepDone(std::move(step)); });
    });
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
    }
  }

  event::Mailbox mailbox_;
  std::atomic<int> waiting_{0};
  bool stopped_ = false;  // the thread's
  std::thread thread_;    // last: it uses all the others
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
