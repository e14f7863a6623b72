#pragma once

#include <atomic>
#include <climits>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "dataplane/access_log/worker_log.h"
#include "dataplane/buffer/budget.h"
#include "dataplane/event/loop.h"
#include "dataplane/metrics/worker_counters.h"
#include "dataplane/upstream/peers.h"
#include "dataplane/worker/publication.h"

namespace fairlead::tls {
class HandshakePool;
}

namespace fairlead::worker {

// A thread that serves, with a loop of its own. Made, told what to do and destroyed on the control thread; all that it
// serves with belongs to its own thread.
class Worker {
 public:
  // How the worker speaks to the control side, from its own thread: by posting to that side's mailbox.
  struct Callbacks {
    // It serves the publication with this sequence; nothing more goes out by an older one but what had begun.
    absl::AnyInvocable<void(uint64_t sequence)> on_adopted;
    // It needs that publication no more.
    absl::AnyInvocable<void(uint64_t sequence)> on_released;
    // It drains, and its last connection has ended.
    absl::AnyInvocable<void()> on_drained;
  };

  // What all workers are given alike.
  struct Options {
    event::IoBackend io = event::IoBackend::kAuto;
    buffer::Budget* budget = nullptr;          // outlives the workers
    int descriptor_ceiling = INT_MAX;          // event::Loop::set_descriptor_ceiling
    tls::HandshakePool* handshakes = nullptr;  // outlives the workers' threads; null: each does its own
  };

  // Starts the thread, on the `index`-th of the processors that this process may use (starting over behind the last).
  // `access_log`, null where nothing is logged, outlives the worker. Errors: the loop's (event::Loop::Create).
  static absl::StatusOr<std::unique_ptr<Worker>> Start(int index, const Options& options,
                                                       access_log::WorkerLog* access_log, Callbacks callbacks);

  // Ends the thread; connections that are left are cut.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // How the others reach this one, and it them (all, in their order): before the first publication.
  upstream::Peer AsPeer() const;
  void SetPeers(upstream::Peers peers);
  // Ends the thread; connections that are left are cut. Its mailbox stays, for what others still write to it.
  void Stop();

  // Goes over to `publication`, which lives until on_released.
  void Adopt(const Publication* publication);
  // Accepts no more; connections end with their next response.
  void Drain();

  const metrics::WorkerCounters& counters() const { return counters_; }
  // Of the snapshot that it serves by.
  uint64_t revision() const { return revision_.load(std::memory_order_relaxed); }
  const char* io_name() const { return loop_->name(); }

 private:
  class Serving;

  Worker(access_log::WorkerLog* access_log, Callbacks callbacks);
  void Run(int index, const Options& options, absl::AnyInvocable<void(absl::Status)> on_started);

  access_log::WorkerLog* const access_log_;
  Callbacks callbacks_;
  metrics::WorkerCounters counters_;
  std::atomic<uint64_t> revision_ = 0;
  std::unique_ptr<event::Loop> loop_;  // made on the worker's thread, outlives it
  std::unique_ptr<Serving> serving_;   // made and destroyed on the worker's thread
  std::thread thread_;
};

}  // namespace fairlead::worker
