#include "dataplane/worker/worker.h"

#include <pthread.h>
#include <sched.h>

#include <chrono>
#include <future>
#include <random>
#include <utility>

#include "dataplane/event/turn_work.h"
#include "dataplane/http/h2/server_context.h"
#include "dataplane/load_balancing/random.h"
#include "dataplane/proxy/date_cache.h"
#include "dataplane/proxy/environment.h"
#include "dataplane/proxy/exchange_pool.h"
#include "dataplane/proxy/handshake_helpers.h"
#include "dataplane/proxy/snapshot_pins.h"
#include "dataplane/upstream/backends.h"
#include "dataplane/worker/listeners.h"

namespace fairlead::worker {
namespace {

// Moves the calling thread to the `index`-th processor that it may use.
void PinToProcessor(int index) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0 || CPU_COUNT(&allowed) == 0) return;
  int skip = index % CPU_COUNT(&allowed);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed) || skip-- > 0) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
    return;
  }
}

uint64_t RandomSeed() {
  std::random_device device;
  return (uint64_t{device()} << 32) | device();
}

}  // namespace

// What the worker's thread owns.
class Worker::Serving {
 public:
  Serving(Worker* worker, int index, tls::HandshakePool* handshakes)
      : worker_(worker),
        random_(RandomSeed()),
        backends_(&environment_),
        // By way of the mailbox, as on_adopted: so that the two come in their order.
        snapshots_([worker](uint64_t sequence) {
          worker->loop_->mailbox().Post([worker, sequence] { worker->callbacks_.on_released(sequence); });
        }),
        exchanges_(&environment_),
        handshake_helpers_(handshakes),
        listeners_(&environment_),
        drain_timer_([](void* self) { static_cast<Serving*>(self)->CheckDrained(); }, this) {
    static_cast<upstream::Environment&>(environment_) = {.loop = worker->loop_.get(),
                                                         .turn_work = &turn_work_,
                                                         .random = &random_,
                                                         .counters = &worker->counters_,
                                                         .worker_index = index};
    environment_.backends = &backends_;
    environment_.snapshots = &snapshots_;
    environment_.exchanges = &exchanges_;
    environment_.date = &date_;
    environment_.handshake_helpers = &handshake_helpers_;
    environment_.http2 = &http2_;
    environment_.access_log = worker->access_log_;
  }

  ~Serving() {
    event::TurnScope scope(&turn_work_);  // exchanges and connections end before what they point to
    listeners_.Clear();
    backends_.Clear();
  }

  upstream::Backends* backends() { return &backends_; }
  void SetPeers(upstream::Peers peers) { environment_.peers = std::move(peers); }

  void Adopt(const Publication& publication) {
    const auto began = std::chrono::steady_clock::now();
    {
      event::TurnScope scope(&turn_work_);
      GoOverTo(publication);
    }
    const auto took = std::chrono::steady_clock::now() - began;
    worker_->counters_.adoption.Observe(
        static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(took).count()));
    // With the next turn: requests that were written by the revision before have been handed to the kernel then.
    worker_->loop_->mailbox().Post(
        [worker = worker_, sequence = publication.sequence] { worker->callbacks_.on_adopted(sequence); });
  }

  void Drain() {
    event::TurnScope scope(&turn_work_);
    listeners_.Drain();
    worker_->loop_->timers().Schedule(&drain_timer_, 0);
  }

 private:
  static constexpr uint64_t kDrainCheckMs = 10;

  void GoOverTo(const Publication& publication) {
    const config::Snapshot& snapshot = *publication.snapshot;
    backends_.Adopt(snapshot, publication.changes);
    // Before sockets that close hand over their last connections: these are served by the new revision.
    snapshots_.Replace(&snapshot, publication.sequence);
    listeners_.Adopt(snapshot, publication.changes.listeners);
    worker_->revision_.store(snapshot.revision, std::memory_order_relaxed);
  }

  void CheckDrained() {
    if (worker_->counters_.connections_open.value() == 0) return worker_->callbacks_.on_drained();
    worker_->loop_->timers().Schedule(&drain_timer_, kDrainCheckMs);
  }

  Worker* const worker_;
  event::TurnWork turn_work_;
  load_balancing::Random random_;
  proxy::DateCache date_;
  http::h2::ServerContext http2_;
  proxy::Environment environment_{};
  upstream::Backends backends_;
  proxy::SnapshotPins snapshots_;
  proxy::ExchangePool exchanges_;
  proxy::HandshakeHelpers handshake_helpers_;
  Listeners listeners_;
  event::Timer drain_timer_;
};

Worker::Worker(access_log::WorkerLog* access_log, Callbacks callbacks)
    : access_log_(access_log), callbacks_(std::move(callbacks)) {}

absl::StatusOr<std::unique_ptr<Worker>> Worker::Start(int index, const Options& options,
                                                      access_log::WorkerLog* access_log, Callbacks callbacks) {
  std::unique_ptr<Worker> worker(new Worker(access_log, std::move(callbacks)));
  std::promise<absl::Status> started;
  std::future<absl::Status> status = started.get_future();
  worker->thread_ = std::thread([&worker = *worker, index, options, started = std::move(started)]() mutable {
    worker.Run(index, options, [&started](absl::Status status) { started.set_value(std::move(status)); });
  });
  if (absl::Status error = status.get(); !error.ok()) return error;
  return worker;
}

void Worker::Run(int index, const Options& options, absl::AnyInvocable<void(absl::Status)> on_started) {
  PinToProcessor(index);
  absl::StatusOr<std::unique_ptr<event::Loop>> loop = event::Loop::Create(options.io);
  if (!loop.ok()) return on_started(loop.status());
  loop_ = *std::move(loop);
  loop_->set_descriptor_ceiling(options.descriptor_ceiling);
  loop_->blocks().Join(options.budget);
  serving_ = std::make_unique<Serving>(this, index, options.handshakes);
  on_started(absl::OkStatus());
  loop_->Run();
  serving_.reset();
}

Worker::~Worker() { Stop(); }

void Worker::Stop() {
  if (!thread_.joinable()) return;
  if (loop_ != nullptr) loop_->mailbox().Post([this] { loop_->Stop(); });
  thread_.join();
}

upstream::Peer Worker::AsPeer() const { return {.mailbox = &loop_->mailbox(), .backends = serving_->backends()}; }

void Worker::SetPeers(upstream::Peers peers) {
  loop_->mailbox().Post([this, peers = std::move(peers)]() mutable { serving_->SetPeers(std::move(peers)); });
}

void Worker::Adopt(const Publication* publication) {
  loop_->mailbox().Post([this, publication] { serving_->Adopt(*publication); });
}

void Worker::Drain() {
  loop_->mailbox().Post([this] { serving_->Drain(); });
}

}  // namespace fairlead::worker
