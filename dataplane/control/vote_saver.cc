#include "dataplane/control/vote_saver.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "dataplane/base/unix_time.h"
#include "dataplane/control/conversion_to_proto.h"
#include "dataplane/health/stored_server.h"

namespace fairlead::control {
namespace {

persistence::ServerVotes ToSaved(const health::StoredServer& stored) {
  persistence::ServerVotes saved;
  saved.set_backend(stored.backend);
  saved.set_server(stored.server);
  saved.set_health(ToProto(stored.health));
  saved.set_by_controller(stored.by_controller);
  saved.set_since_ms_ago(stored.since_ms_ago);
  saved.set_since_revision(stored.since_revision);
  saved.set_side_since_ms_ago(stored.side_since_ms_ago);
  if (stored.silent) saved.set_silent_since_ms_ago(stored.silent_since_ms_ago);
  saved.set_votes_said(ToProto(stored.votes_said));
  if (stored.taken_ms_ago) saved.set_taken_ms_ago(*stored.taken_ms_ago);
  if (stored.held_ms_ago) saved.set_held_ms_ago(*stored.held_ms_ago);
  saved.set_penalty(stored.penalty);
  saved.set_suppressed(stored.suppressed);
  for (const health::StoredServer::Vote& vote : stored.votes) {
    persistence::Vote& one = *saved.add_votes();
    one.set_reporter(vote.reporter);
    one.set_health(ToProto(vote.health));
    one.set_said(ToProto(vote.said));
    one.set_run(vote.run);
    one.set_incarnation(vote.incarnation);
    one.set_sequence(vote.sequence);
    one.set_ttl_ms(vote.ttl_ms);
    one.set_left_ms(vote.left_ms);
    one.set_ended_ms_ago(vote.ended_ms_ago);
    one.set_after_controller(vote.after_controller);
    one.set_reason(vote.reason);
  }
  return saved;
}

health::StoredServer FromSaved(const persistence::ServerVotes& saved) {
  health::StoredServer stored{.backend = saved.backend(),
                              .server = saved.server(),
                              .health = FromProto(saved.health()),
                              .by_controller = saved.by_controller(),
                              .since_ms_ago = saved.since_ms_ago(),
                              .since_revision = saved.since_revision(),
                              .side_since_ms_ago = saved.side_since_ms_ago(),
                              .silent = saved.has_silent_since_ms_ago(),
                              .silent_since_ms_ago = saved.silent_since_ms_ago(),
                              .votes_said = FromProto(saved.votes_said()),
                              .penalty = saved.penalty(),
                              .suppressed = saved.suppressed(),
                              .votes = {}};
  if (saved.has_taken_ms_ago()) stored.taken_ms_ago = saved.taken_ms_ago();
  if (saved.has_held_ms_ago()) stored.held_ms_ago = saved.held_ms_ago();
  for (const persistence::Vote& vote : saved.votes()) {
    stored.votes.push_back({.reporter = vote.reporter(),
                            .health = FromProto(vote.health()),
                            .said = FromProto(vote.said()),
                            .run = vote.run(),
                            .incarnation = vote.incarnation(),
                            .sequence = vote.sequence(),
                            .ttl_ms = vote.ttl_ms(),
                            .left_ms = vote.left_ms(),
                            .ended_ms_ago = vote.ended_ms_ago(),
                            .after_controller = vote.after_controller(),
                            .reason = vote.reason()});
  }
  return stored;
}

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
  if (votes->servers_size() > 0) pieces_.push_back(std::move(votes));
  if (backend_ < snapshot_->backends.size()) return true;
  snapshot_ = nullptr;
  save_(std::exchange(pieces_, {}));
  return false;
}

void VoteSaver::Add(const config::Backend& backend, const config::Server& server, persistence::Votes& votes) {
  const std::optional<health::StoredServer> stored = health_->StoreOf(backend.settings->id, server.id);
  if (!stored.has_value() || stored->votes.empty()) return;
  persistence::ServerVotes& saved = *votes.add_servers();
  saved = ToSaved(*stored);
  // Of the moment when it was looked at: those of one file are some milliseconds apart.
  saved.set_time_ms(base::UnixMillis());
}

void VoteSaver::Restore(const std::vector<persistence::ServerVotes>& votes, health::HealthTable& health) {
  const uint64_t now_ms = base::UnixMillis();
  for (const persistence::ServerVotes& saved : votes) {
    // A clock that went back makes no life longer. Of a server that there is no more, nothing is kept.
    (void)health.Restore(FromSaved(saved), now_ms - std::min(now_ms, saved.time_ms()));
  }
  health.FollowRestored();
}

}  // namespace fairlead::control
