#include "dataplane/control/control_core.h"

#include <utility>

#include "api/fingerprint/fingerprint.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/control/earlier_state.h"
#include "dataplane/control/history.h"
#include "dataplane/control/secrets.h"
#include "dataplane/control/state_reporter.h"
#include "dataplane/control/store.h"
#include "dataplane/control/transactor.h"

namespace fairlead::control {
namespace {

v1::StateReport NotKnown(uint64_t revision) {
  v1::StateReport report;
  report.set_revision(revision);
  report.set_error(base::StrCat("the resources of revision ", revision, " are not known: see the history"));
  return report;
}

}  // namespace

struct ControlCore::Impl {
  explicit Impl(Options& options)
      : health(
            options.timers,
            [this](std::string_view backend, std::string_view server, config::Health) {
              transactor.HealthChanged(backend, server);
            },
            std::move(options.log)),
        transactor(
            options.workers, options.timers, [&options] { return options.wall_clock(); }, &store, &health,
            std::move(options.background), std::move(options.publish),
            [this](const Changes& changes) { subscribers.Notify(changes); },
            {.save = std::move(options.save), .wait = options.save_wait}),
        reporter(&store, &health, options.timers, std::move(options.get_workers),
                 std::move(options.get_listener_connections)),
        vote_saver(options.timers, &health, [this] { return store.snapshot(); }, std::move(options.save_votes)) {}

  Store store;
  Subscribers subscribers;
  health::HealthTable health;
  Transactor transactor;
  StateReporter reporter;
  VoteSaver vote_saver;
};

ControlCore::ControlCore(Options options) : options_(std::move(options)), impl_(std::make_unique<Impl>(options_)) {}

ControlCore::~ControlCore() = default;

const std::shared_ptr<const config::Snapshot>& ControlCore::snapshot() const { return impl_->store.snapshot(); }

std::string ControlCore::fingerprint() const { return api::Fingerprint(impl_->store.fingerprint()).ToHex(); }

uint64_t ControlCore::leader_epoch() const { return impl_->transactor.leader_epoch(); }

uint64_t ControlCore::transactions_applied() const { return impl_->transactor.applied(); }

uint64_t ControlCore::transactions_rejected() const { return impl_->transactor.rejected(); }

HashTables::Totals ControlCore::hash_table_totals() const { return impl_->transactor.hash_tables().totals(); }

std::vector<ControlCore::BoundListener> ControlCore::bound_listeners() const {
  std::vector<BoundListener> listeners;
  snapshot()->listeners.ForEach([&](size_t, const std::shared_ptr<const config::Listener>& listener) {
    if (listener != nullptr) listeners.push_back({listener->id, listener->bound_address});
  });
  return listeners;
}

health::HealthTable& ControlCore::health() { return impl_->health; }

uint64_t ControlCore::SubmitTransaction(v1::Transaction transaction,
                                        absl::AnyInvocable<void(std::shared_ptr<const v1::FromProxy>)> on_answer,
                                        identity::Peer peer) {
  return impl_->transactor.Submit(std::move(transaction), std::move(peer), std::move(on_answer));
}

uint64_t ControlCore::Prepare(v1::Prepare prepare, OnAnswer on_answer, identity::Peer peer) {
  return impl_->transactor.Prepare(std::move(prepare), std::move(peer), std::move(on_answer));
}

uint64_t ControlCore::Commit(const v1::Commit& commit, OnAnswer on_answer, identity::Peer peer) {
  return impl_->transactor.Commit(commit, std::move(peer), std::move(on_answer));
}

uint64_t ControlCore::Abort(const v1::Abort& abort, OnAnswer on_answer, identity::Peer peer) {
  return impl_->transactor.Abort(abort, std::move(peer), std::move(on_answer));
}

std::optional<v1::Prepared> ControlCore::FindPrepared() const { return impl_->transactor.FindPrepared(); }

bool ControlCore::holds_prepared() const { return FindPrepared().has_value(); }

uint64_t ControlCore::prepared_dropped() const { return impl_->transactor.prepared_dropped(); }

std::chrono::microseconds ControlCore::commit_lateness() const { return impl_->transactor.commit_lateness(); }

void ControlCore::ForgetAnswer(uint64_t ticket) { impl_->transactor.Forget(ticket); }

uint64_t ControlCore::Confirm(const std::string& transaction_id, const identity::Peer& peer,
                              absl::AnyInvocable<void(std::shared_ptr<const v1::FromProxy>)> on_answer) {
  return impl_->transactor.Confirm(transaction_id, peer, std::move(on_answer));
}

absl::Status ControlCore::Restore(persistence::Restored restored, absl::AnyInvocable<void()> on_adopted) {
  return impl_->transactor.Restore(std::move(restored), std::move(on_adopted));
}

void ControlCore::OnSaved(uint64_t number, bool is_stuck) { impl_->transactor.OnSaved(number, is_stuck); }

void ControlCore::SaveAll() {
  v1::StateReport report = reporter().ReportAll(ReportFilter::ForResourcesWithSecrets());
  impl_->transactor.SaveAll(std::move(*report.mutable_config()));
}

v1::History ControlCore::ReportHistory(size_t limit) const { return impl_->transactor.history().Report(limit); }

v1::StateReport ControlCore::ReportRevision(uint64_t revision) {
  const std::optional<History::WayBack> way = impl_->transactor.history().FindWayBack(revision, impl_->store);
  if (!way.has_value()) return NotKnown(revision);
  v1::StateReport report;
  report.set_revision(revision);
  if (!way->from_nothing) {
    *report.mutable_config() = reporter().ReportAll(ReportFilter::ForResourcesWithSecrets()).config();
  }
  ApplyOperations(way->operations, *report.mutable_config());
  report.set_fingerprint(api::OfSnapshot(report.config()).ToHex());
  const v1::HistoryEntry* const entry = impl_->transactor.history().Find(revision);
  if (entry != nullptr && entry->fingerprint() != report.fingerprint()) return NotKnown(revision);
  LeaveOutSecrets(*report.mutable_config());
  return report;
}

std::optional<v1::HistoryEntry> ControlCore::FindUnconfirmed() const { return impl_->transactor.FindUnconfirmed(); }

std::optional<v1::SavingStatus> ControlCore::FindSaving() {
  if (options_.get_saving == nullptr) return std::nullopt;
  return options_.get_saving();
}

const Store& ControlCore::store() const { return impl_->store; }

StateReporter& ControlCore::reporter() { return impl_->reporter; }

Subscribers& ControlCore::subscribers() { return impl_->subscribers; }

}  // namespace fairlead::control
