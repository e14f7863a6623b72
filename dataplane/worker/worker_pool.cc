#include "dataplane/worker/worker_pool.h"

#include <utility>

namespace fairlead::worker {

absl::StatusOr<std::unique_ptr<WorkerPool>> WorkerPool::Start(int workers, int tls_threads, Worker::Options options,
                                                              event::Loop* control, access_log::AccessLog* access_log) {
  std::unique_ptr<WorkerPool> pool(new WorkerPool(control));
  if (tls_threads > 0) pool->handshakes_ = std::make_unique<tls::HandshakePool>(tls_threads);
  options.handshakes = pool->handshakes_.get();
  for (int index = 0; index < workers; ++index) {
    WorkerPool* self = pool.get();
    absl::StatusOr<std::unique_ptr<Worker>> worker =
        Worker::Start(index, options, access_log == nullptr ? nullptr : access_log->worker(index),
                      {.on_adopted =
                           [self](uint64_t sequence) {
                             self->control_->mailbox().Post([self, sequence] { self->OnAdopted(sequence); });
                           },
                       .on_released =
                           [self](uint64_t sequence) {
                             self->control_->mailbox().Post([self, sequence] { self->OnReleased(sequence); });
                           },
                       .on_drained = [self] { self->control_->mailbox().Post([self] { self->OnDrained(); }); }});
    if (!worker.ok()) return worker.status();
    pool->workers_.push_back(*std::move(worker));
  }
  upstream::Peers peers;
  for (std::unique_ptr<Worker>& worker : pool->workers_) peers.push_back(worker->AsPeer());
  for (std::unique_ptr<Worker>& worker : pool->workers_) worker->SetPeers(peers);
  return pool;
}

WorkerPool::~WorkerPool() {
  // All of them before the first is gone: they write to each other's mailboxes.
  for (std::unique_ptr<Worker>& worker : workers_) worker->Stop();
  // And they still hear of handshakes that are done.
  if (handshakes_ != nullptr) handshakes_->Stop();
}

void WorkerPool::Publish(std::shared_ptr<const config::Snapshot> snapshot, config::ChangeList changes,
                         absl::AnyInvocable<void()> on_all_adopted) {
  const uint64_t sequence = ++last_sequence_;
  Publication& publication = publications_[sequence];
  publication.sequence = sequence;
  publication.snapshot = std::move(snapshot);
  publication.changes = std::move(changes);
  publication.not_adopted = publication.not_released = size();
  publication.on_all_adopted = std::move(on_all_adopted);
  for (std::unique_ptr<Worker>& worker : workers_) worker->Adopt(&publication);
}

void WorkerPool::OnAdopted(uint64_t sequence) {
  auto found = publications_.find(sequence);
  // All have adopted it before any can have released it: the last one's word comes before its own release.
  if (--found->second.not_adopted > 0) return;
  absl::AnyInvocable<void()> on_all_adopted = std::move(found->second.on_all_adopted);
  on_all_adopted();
}

void WorkerPool::OnReleased(uint64_t sequence) {
  auto found = publications_.find(sequence);
  if (--found->second.not_released == 0) publications_.erase(found);
}

void WorkerPool::Drain(absl::AnyInvocable<void()> on_drained) {
  on_drained_ = std::move(on_drained);
  not_drained_ = size();
  for (std::unique_ptr<Worker>& worker : workers_) worker->Drain();
}

void WorkerPool::OnDrained() {
  if (--not_drained_ == 0) on_drained_();
}

}  // namespace fairlead::worker
