#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "dataplane/access_log/access_log.h"
#include "dataplane/config/snapshot.h"
#include "dataplane/event/loop.h"
#include "dataplane/tls/handshake_pool.h"
#include "dataplane/worker/publication.h"
#include "dataplane/worker/worker.h"

namespace fairlead::worker {

// All workers, as the control side sees them: snapshots go in, and are kept alive until no worker needs them. On the
// control thread alone.
class WorkerPool {
 public:
  // `control` is the control thread's loop and outlives the pool, as does `access_log`, which has an end for each
  // worker (null: nothing is logged). `tls_threads` do handshakes for all of them (0: each worker its own);
  // `options.handshakes` is set here. Errors: the loop's (event::Loop::Create).
  static absl::StatusOr<std::unique_ptr<WorkerPool>> Start(int workers, int tls_threads, Worker::Options options,
                                                           event::Loop* control, access_log::AccessLog* access_log);
  // Ends the threads; connections that are left are cut.
  ~WorkerPool();

  // Has every worker go over to `snapshot`, which differs from the one published before by `changes`. `on_all_adopted`
  // runs on the control thread when each of them serves it.
  void Publish(std::shared_ptr<const config::Snapshot> snapshot, config::ChangeList changes,
               absl::AnyInvocable<void()> on_all_adopted);

  // No further connections; those that are open end with their next response. `on_drained` runs on the control thread
  // when the last one has ended.
  void Drain(absl::AnyInvocable<void()> on_drained);

  int size() const { return static_cast<int>(workers_.size()); }
  const Worker& worker(int index) const { return *workers_[index]; }

 private:
  explicit WorkerPool(event::Loop* control) : control_(control) {}

  void OnAdopted(uint64_t sequence);
  void OnReleased(uint64_t sequence);
  void OnDrained();

  event::Loop* const control_;
  uint64_t last_sequence_ = 0;
  std::map<uint64_t, Publication> publications_;  // that some worker may still read
  absl::AnyInvocable<void()> on_drained_;
  int not_drained_ = 0;
  std::unique_ptr<tls::HandshakePool> handshakes_;  // null: none
  std::vector<std::unique_ptr<Worker>> workers_;    // destroyed first
};

}  // namespace fairlead::worker
