#include "dataplane/upstream/backends.h"

#include <utility>

namespace fairlead::upstream {

void Backends::Adopt(const config::Snapshot& snapshot, const config::ChangeList& changes) {
  ++environment_->adoptions;
  if (backends_.size() < snapshot.backends.size()) backends_.resize(snapshot.backends.size());
  const auto update = [&](config::BackendSlot slot) {
    const config::Backend* config = slot < snapshot.backends.size() ? snapshot.backends[slot].get() : nullptr;
    std::unique_ptr<Backend>& backend = backends_[slot];
    if (config == nullptr || (backend != nullptr && !backend->serves(*config))) backend.reset();
    if (config == nullptr) return;
    if (backend == nullptr) {
      backend = std::make_unique<Backend>(environment_, this, slot, config);
    } else {
      backend->Update(config);
    }
  };
  const auto settle = [&](config::BackendSlot slot) {
    if (Backend* backend = backends_[slot].get(); backend != nullptr) backend->Settle();
  };
  for (config::BackendSlot slot : changes.backends) update(slot);
  // A changed server changes its backend's object, too.
  for (const config::ChangeList::ServerChange& change : changes.servers) {
    update(change.backend);
    if (Backend* backend = backends_[change.backend].get(); backend != nullptr) backend->UpdateServer(change.server);
  }
  for (config::BackendSlot slot : changes.backends) settle(slot);
  for (const config::ChangeList::ServerChange& change : changes.servers) settle(change.backend);
}

void Backends::ServeLater(config::BackendSlot backend) {
  if (to_serve_.empty() || to_serve_.back() != backend) to_serve_.push_back(backend);
  environment_->turn_work->Add(this);
}

void Backends::TakeOver(base::IntrusiveList<Waiter>* waiters) {
  if (waiters->empty()) return;
  while (!waiters->empty()) left_behind_.PushBack(waiters->front());
  environment_->turn_work->Add(this);
}

void Backends::RunTurnWork() {
  while (!left_behind_.empty()) {
    Waiter* const waiter = left_behind_.front();
    waiter->Leave();
    waiter->OnRevision();
  }
  // Serving one may make work for another, whose turn comes then.
  for (size_t i = 0; i < to_serve_.size(); ++i) {
    if (Backend* backend = backends_.size() > to_serve_[i] ? Get(to_serve_[i]) : nullptr; backend != nullptr) {
      backend->Serve();
    }
  }
  to_serve_.clear();
}

void Backends::Wake(config::BackendSlot slot, const metrics::BackendAdmission* admission) {
  event::TurnScope scope(environment_->turn_work);
  Backend* const backend = slot < backends_.size() ? Get(slot) : nullptr;
  // Else nobody waits for it here any more.
  if (backend != nullptr && backend->shares(admission)) backend->OnWoken();
}

Backend* Backends::FindBackendOf(const ConnectionClaim& claim) const {
  Backend* const backend = claim.backend < backends_.size() ? Get(claim.backend) : nullptr;
  if (backend == nullptr) return nullptr;
  const config::Server* const server = backend->Configured(claim.server);
  return server != nullptr && server->counters.get() == claim.counters ? backend : nullptr;
}

void Backends::OnClaim(const ConnectionClaim& claim) {
  event::TurnScope scope(environment_->turn_work);
  Backend* const backend = FindBackendOf(claim);
  if (backend == nullptr) {
    // It was removed, and the claimant will hear of that, too; or it is still to come, then others have it already.
    if (environment_->adoptions < claim.adoption) Forward(claim);
    return;
  }
  Server* const server = backend->Find(claim.server);
  if (server == nullptr || !server->GiveUpPlace()) return Forward(claim);
  if (claim.claimant == environment_->worker_index) return server->OnPlaceGranted();
  environment_->peers[claim.claimant].Post([claim](Backends& backends) { backends.OnPlaceGranted(claim); });
}

void Backends::OnPlaceGranted(const ConnectionClaim& claim) {
  event::TurnScope scope(environment_->turn_work);
  if (Backend* const backend = FindBackendOf(claim); backend != nullptr) {
    backend->Find(claim.server)->OnPlaceGranted();
  }
}

void Backends::Forward(const ConnectionClaim& claim) {
  const size_t next = (environment_->worker_index + 1) % environment_->peers.size();
  environment_->peers[next].Post([claim](Backends& backends) { backends.OnClaim(claim); });
}

}  // namespace fairlead::upstream
