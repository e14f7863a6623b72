#include "dataplane/control/vote_saver.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "dataplane/control/conversion_to_proto.h"
#include "dataplane/health/report.h"

namespace fairlead::control {
namespace {

uint64_t UnixMillis() { return static_cast<uint64_t>(absl::ToUnixMillis(absl::Now())); }

}  // namespace

VoteSaver::VoteSaver(event::TimerWheel* timers, const health::HealthTable* health, GetSnapshot get_snapshot, Save save)
    : timers_(timers), health_(health), get_snapshot_(std::move(get_snapshot)), save_(std::move(save)) {
  if (save_ != nullptr) timers_->Schedule(&timer_, kIntervalMs);
}

void VoteSaver::OnDue(void* saver) {
  auto* self = static_cast<VoteSaver*>(saver);
  if (self->snapshot_ == nullptr) self->Begin();
  const bool goes_on = self->snapshot_ != nullptr && self->Step();
  self->timers_->Schedule(&self->timer_, goes_on ? 1 : kIntervalMs);
}

void VoteSaver::Begin() {
  const uint64_t changes = health_->reports_accepted() + health_->leases_expired();
  if (std::exchange(seen_, changes) == changes) return;
  snapshot_ = get_snapshot_();
  backend_ = server_ = 0;
  time_ms_ = UnixMillis();
}

bool VoteSaver::Step() {
  auto votes = std::make_shared<persistence::Votes>();
  for (int looked_at = 0; looked_at < kServersAtOnce && backend_ < snapshot_->backends.size(); ++looked_at) {
    const config::Backend* const backend = snapshot_->backends[backend_].get();
    if (backend == nullptr || server_ >= backend->servers.size()) {
      ++backend_;
      server_ = 0;
      continue;
    }
    if (const config::Server* const server = backend->servers[server_++].get()) Add(*backend, *server, *votes);
  }
  if (votes->votes_size() > 0) pieces_.push_back(std::move(votes));
  if (backend_ < snapshot_->backends.size()) return true;
  snapshot_ = nullptr;
  save_(std::exchange(pieces_, {}));
  return false;
}

void VoteSaver::Add(const config::Backend& backend, const config::Server& server, persistence::Votes& votes) {
  health_->ForEachVote(backend.settings->id, server.id, [&](const health::Vote& vote) {
    if (vote.expires_ms <= timers_->now_ms()) return;
    persistence::Vote& saved = *votes.add_votes();
    saved.set_backend(backend.settings->id);
    saved.set_server(server.id);
    saved.set_reporter(std::string(vote.reporter));
    saved.set_status(ToProto(vote.status));
    saved.set_reason(std::string(vote.reason));
    saved.set_incarnation(vote.incarnation);
    saved.set_sequence(vote.sequence);
    saved.set_arrival(vote.arrival);
    saved.set_remaining_ms(vote.expires_ms - timers_->now_ms());
    saved.set_time_ms(time_ms_);
  });
}

void VoteSaver::Restore(const std::vector<persistence::Vote>& votes, health::HealthTable& health) {
  const uint64_t now_ms = UnixMillis();
  for (const persistence::Vote& vote : votes) {
    // A clock that went back makes no life longer.
    const uint64_t down_ms = now_ms - std::min(now_ms, vote.time_ms());
    if (down_ms + health::kMinTtlMs > vote.remaining_ms()) continue;
    // What can't be taken is of a server, or a reporter, that there is no more.
    (void)health.Take({.backend = vote.backend(),
                       .server = vote.server(),
                       .status = FromProto(vote.status()),
                       .reporter = vote.reporter(),
                       .incarnation = vote.incarnation(),
                       .sequence = vote.sequence(),
                       .ttl_ms = std::min(vote.remaining_ms() - down_ms, health::kMaxTtlMs),
                       .reason = vote.reason()});
  }
}

}  // namespace fairlead::control
