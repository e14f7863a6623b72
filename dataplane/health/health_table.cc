#include "dataplane/health/health_table.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/health/decision_log.h"
#include "dataplane/health/departed.h"
#include "dataplane/health/explain.h"
#include "dataplane/health/quote.h"
#include "dataplane/health/server_node.h"
#include "dataplane/health/stored.h"

namespace fairlead::health {

using config::Health;
using config::HealthRules;

namespace {

// A backend without rules.
const HealthRules kNoRules;

}  // namespace

struct HealthTable::Impl {
  Impl(event::TimerWheel* timers, OnChange on_change, OnAlarm on_alarm)
      : timers(timers), on_change(std::move(on_change)), on_alarm(std::move(on_alarm)) {}

  uint64_t now_ms() const { return timers->now_ms(); }

  static const HealthRules& RulesOf(const BackendNote& note) { return note.rules == nullptr ? kNoRules : *note.rules; }
  // Makes what is to be known of a server of which somebody speaks.
  Spoken& SpokenOf(ServerNode& server);

  // `speaker`: null where it is known that its author may.
  absl::Status Take(const Report& report, Speaker* speaker, Refusal* refusal);
  absl::Status CountedTake(const Report& report, Speaker* speaker);

  // Makes the decision follow from the words, and all that follows from that.
  void Follow(Spoken& spoken, bool tell = true);
  void Log(const Spoken& spoken, Health before);
  // Lets those go that the fail-safe held back, as far as there is room, and raises its alarm or ends it.
  void ReleaseHeld(const BackendName& backend);
  void TellAlarm(FailSafeState& state, const BackendName& backend);
  void Alarm(std::string_view line) {
    if (on_alarm != nullptr) on_alarm(line);
  }
  static void OnMoment(void* spoken);
  static void OnRoom(void* fail_safe_state);

  // What was restored, until all decisions follow, which is told when they do.
  struct RestoredDecision {
    Spoken* spoken;
    Health before;
  };
  struct RestoredPlace {
    Spoken* spoken;
    bool held;  // or taken
    uint64_t ms_ago;
  };
  void RestorePlace(const RestoredPlace& restored);

  event::TimerWheel* const timers;
  OnChange on_change;
  OnAlarm on_alarm;
  Reporters reporters;
  AuthorPool authors{[this](std::string_view name) { return AuthorNote{reporters.Get(name)}; }};
  BackendPool backends;
  std::map<std::string, BackendName, std::less<>> ruled;  // backends with rules, which are known without servers, too
  Departed departed;
  DecisionLog log;
  ServerSet servers;
  uint64_t revision = 0;                  // in force
  uint64_t arrivals = uint64_t{1} << 32;  // lower ones are for what is restored
  uint64_t restored_arrivals = 0;
  std::vector<RestoredDecision> restored;
  std::vector<RestoredPlace> restored_places;
  uint64_t accepted = 0;
  std::array<uint64_t, kRefusals> refused{};
  uint64_t expired = 0;
};

Spoken& HealthTable::Impl::SpokenOf(ServerNode& server) {
  if (server.spoken() == nullptr) {
    auto spoken = std::make_unique<Spoken>(&OnMoment, this, &server, server.added_ms());
    if (server.backend().note().rules != nullptr) spoken->judgement.SetRuled(true, spoken.get());
    server.SetSpoken(std::move(spoken));
  }
  return *server.spoken();
}

absl::Status HealthTable::Impl::CountedTake(const Report& report, Speaker* speaker) {
  Refusal refusal = Refusal::kMalformed;
  absl::Status status = Take(report, speaker, &refusal);
  ++(status.ok() ? accepted : refused[static_cast<size_t>(refusal)]);
  return status;
}

absl::Status HealthTable::Impl::Take(const Report& report, Speaker* speaker, Refusal* refusal) {
  if (absl::Status status = CheckReport(report); !status.ok()) return status;
  if (speaker != nullptr) {
    if (absl::Status status = speaker->Check(report, refusal); !status.ok()) return status;
  }
  ServerNode* const server = servers.Find(report.backend, report.server);
  if (server == nullptr) {
    *refusal = Refusal::kNoSuchServer;
    return absl::NotFoundError(
        base::StrCat("server ", Quote(base::StrCat(report.backend, "/", report.server)), ": no such server"));
  }
  Spoken& spoken = SpokenOf(*server);
  absl::Status status =
      spoken.votes.Take(report, RulesOf(server->backend().note()), &authors, ++arrivals, now_ms(), refusal);
  if (status.ok()) Follow(spoken);
  return status;
}

void HealthTable::Impl::Follow(Spoken& spoken, bool tell) {
  ServerNode& server = *spoken.server;
  BackendNote& note = server.backend().note();
  const HealthRules& rules = RulesOf(note);
  const Health before = spoken.judgement.health();
  spoken.judgement.Follow(health::Find(spoken.votes, rules),
                          {.rules = rules,
                           .fail_safe = note.fail_safe == nullptr ? nullptr : &note.fail_safe->fail_safe,
                           .in_service = note.in_service,
                           .is_in_service = server.in_service(),
                           .controller_says = spoken.votes.controller() != nullptr,
                           .now_ms = now_ms(),
                           .revision = revision});
  // Where it is scheduled for earlier it stays: nothing is due then, and it is set anew. So most reports, which renew a
  // lease, leave it alone.
  const uint64_t moment = std::min(spoken.votes.FirstLeaseEnd(), spoken.judgement.NextMoment());
  if (moment == UINT64_MAX) {
    timers->Cancel(&spoken.timer);
  } else if (!spoken.timer.scheduled() || spoken.timer.deadline_ms() > moment) {
    timers->Schedule(&spoken.timer, moment - std::min(moment, now_ms()));
  }
  const Health after = spoken.judgement.health();
  const bool changed = after != before;
  if (changed) Log(spoken, before);
  const BackendName fail_safe_of = note.fail_safe == nullptr ? BackendName() : server.backend();
  // From here on the server may be gone, where no others are gone through.
  if (changed && tell && restored.empty()) on_change(server.backend().view(), server.id(), after);
  if (!fail_safe_of.view().empty()) ReleaseHeld(fail_safe_of);
}

void HealthTable::Impl::Log(const Spoken& spoken, Health before) {
  const Vote* const last = LastVote(spoken.votes);
  log.Add({.backend = spoken.server->backend(),
           .server = std::string(spoken.server->id()),
           .from = before,
           .to = spoken.judgement.health(),
           .basis = spoken.judgement.basis(),
           .at_ms = now_ms(),
           .revision = revision,
           .author = last == nullptr ? Author() : last->author});
}

void HealthTable::Impl::OnMoment(void* context) {
  Spoken& spoken = *static_cast<Spoken*>(context);
  auto& self = *static_cast<Impl*>(spoken.table);
  self.expired += static_cast<uint64_t>(spoken.votes.EndLeases(self.now_ms()));
  self.Follow(spoken);
}

void HealthTable::Impl::OnRoom(void* context) {
  auto& state = *static_cast<FailSafeState*>(context);
  auto& self = *static_cast<Impl*>(state.table);
  self.ReleaseHeld(self.ruled.find(state.backend)->second);
}

void HealthTable::Impl::ReleaseHeld(const BackendName& backend) {
  const BackendNote& note = backend.note();
  FailSafeState& state = *note.fail_safe;
  FailSafe& fail_safe = state.fail_safe;
  if (state.releasing || (fail_safe.held() == 0 && state.raised_ms == 0)) return;
  const config::FailSafe& rule = *note.rules->fail_safe;
  state.releasing = true;
  fail_safe.Expire(rule, now_ms());
  while (fail_safe.held() > 0 && fail_safe.taken() < FailSafe::Limit(rule, note.in_service)) {
    FailSafe::Place* const first = fail_safe.first_held();
    Follow(*static_cast<Spoken*>(first->server()));
    if (fail_safe.first_held() == first) break;
  }
  state.releasing = false;
  if (fail_safe.held() > 0 && fail_safe.first_taken() != nullptr) {
    const uint64_t room_ms = fail_safe.first_taken()->since_ms() + rule.within_ms;
    timers->Schedule(&state.timer, room_ms - std::min(room_ms, now_ms()));
  } else {
    timers->Cancel(&state.timer);
  }
  TellAlarm(state, backend);
}

void HealthTable::Impl::TellAlarm(FailSafeState& state, const BackendName& backend) {
  constexpr uint64_t kQuietMs = 10'000;
  const bool raised = state.fail_safe.held() > 0;
  if (raised == (state.raised_ms != 0)) return;
  const BackendNote& note = backend.note();
  if (raised) {
    state.raised_ms = std::max<uint64_t>(now_ms(), 1);
    // One that comes and goes is told of now and then; the metric shows it each time.
    state.told_raised = state.told_ms == 0 || now_ms() - state.told_ms >= kQuietMs;
    if (!state.told_raised) return;
    state.told_ms = state.raised_ms;
    const auto* const first = static_cast<const Spoken*>(state.fail_safe.first_held()->server());
    Alarm(
        absl::StrFormat("backend %s: fail-safe: reports have taken %d of %d servers out within %gs, which is the most; "
                        "%s, and others after it, stay as they are",
                        Quote(backend.view()), state.fail_safe.taken(), note.in_service,
                        static_cast<double>(note.rules->fail_safe->within_ms) / 1000, Quote(first->server->id())));
    return;
  }
  if (state.told_raised) {
    Alarm(absl::StrFormat("backend %s: fail-safe: over after %gs", Quote(backend.view()),
                          static_cast<double>(now_ms() - state.raised_ms) / 1000));
  }
  state.raised_ms = 0;
}

HealthTable::HealthTable(event::TimerWheel* timers, OnChange on_change, OnAlarm on_alarm)
    : impl_(std::make_unique<Impl>(timers, std::move(on_change), std::move(on_alarm))) {}

HealthTable::~HealthTable() = default;

void HealthTable::AddServer(std::string_view backend, std::string_view id) {
  if (impl_->servers.Find(backend, id) != nullptr) return;
  ServerNode::Ptr server = ServerNode::Make(impl_->backends.Get(backend), id, impl_->now_ms());
  ServerNode& added = *server;
  impl_->servers.Insert(std::move(server));
  if (auto votes = impl_->departed.Take(backend, id, impl_->now_ms())) {
    impl_->SpokenOf(added).votes = *std::move(votes);
  }
}

void HealthTable::RemoveServer(std::string_view backend, std::string_view id) {
  ServerNode* const found = impl_->servers.Find(backend, id);
  if (found == nullptr) return;
  SetInService(backend, id, false);
  const ServerNode::Ptr server = impl_->servers.Extract(backend, id);
  if (server->spoken() == nullptr || server->spoken()->votes.list().empty()) return;
  server->spoken()->votes.EndAll();
  impl_->departed.Put(backend, id, std::move(server->spoken()->votes), impl_->now_ms());
}

void HealthTable::SetInService(std::string_view backend, std::string_view id, bool in_service) {
  ServerNode& server = *impl_->servers.Find(backend, id);
  if (server.in_service() == in_service) return;
  server.set_in_service(in_service);
  BackendNote& note = server.backend().note();
  note.in_service += in_service ? 1 : -1;
  if (note.fail_safe == nullptr) return;
  if (Spoken* spoken = server.spoken()) {
    if (!in_service) spoken->judgement.LeaveService();
    impl_->Follow(*spoken);
  }
  impl_->ReleaseHeld(server.backend());
}

void HealthTable::SetRules(std::string_view backend, config::HealthRulesPtr rules) {
  if (rules == nullptr && !impl_->ruled.contains(backend)) return;
  const BackendName name = impl_->backends.Get(backend);
  BackendNote& note = name.note();
  if (rules == nullptr) {
    impl_->ruled.erase(impl_->ruled.find(backend));
  } else {
    impl_->ruled.try_emplace(std::string(backend), name);
  }
  note.rules = std::move(rules);
  const bool has_fail_safe = note.rules != nullptr && note.rules->fail_safe.has_value();
  if (!has_fail_safe) {
    if (note.fail_safe != nullptr && note.fail_safe->told_raised && note.fail_safe->raised_ms != 0) {
      impl_->Alarm(base::StrCat("backend ", Quote(backend), ": fail-safe: over, with its rule"));
    }
    note.fail_safe.reset();
  } else if (note.fail_safe == nullptr) {
    note.fail_safe = std::make_unique<FailSafeState>(&Impl::OnRoom, impl_.get(), name.view());
  }
}

void HealthTable::Reconsider(std::string_view backend, std::string_view id) {
  const ServerNode* const server = impl_->servers.Find(backend, id);
  if (server == nullptr || server->spoken() == nullptr) return;
  Spoken& spoken = *server->spoken();
  spoken.judgement.SetRuled(server->backend().note().rules != nullptr, &spoken);
  impl_->Follow(spoken);
}

void HealthTable::SetRevision(uint64_t revision) { impl_->revision = revision; }

Health HealthTable::SetControllerWord(std::string_view backend, std::string_view id, Health health,
                                      std::string_view reason) {
  ServerNode& server = *impl_->servers.Find(backend, id);
  if (health == Health::kUnknown && server.spoken() == nullptr) return Health::kUnknown;
  Spoken& spoken = impl_->SpokenOf(server);
  if (spoken.votes.SetController(health, reason, ++impl_->arrivals, impl_->now_ms())) {
    impl_->Follow(spoken, /*tell=*/false);
  }
  return spoken.judgement.health();
}

Health HealthTable::controller_word(std::string_view backend, std::string_view id) const {
  const ServerNode* const server = impl_->servers.Find(backend, id);
  if (server == nullptr || server->spoken() == nullptr) return Health::kUnknown;
  const Votes::ControllerWord* const word = server->spoken()->votes.controller();
  return word == nullptr ? Health::kUnknown : word->health;
}

Health HealthTable::HealthByReports(std::string_view backend, std::string_view id) const {
  const ServerNode* const server = impl_->servers.Find(backend, id);
  if (server == nullptr || server->spoken() == nullptr) return Health::kUnknown;
  return FindByVotesAlone(server->spoken()->votes, Impl::RulesOf(server->backend().note()));
}

absl::Status HealthTable::Take(const Report& report) { return impl_->CountedTake(report, nullptr); }

absl::Status HealthTable::Take(const Report& report, Speaker& speaker) { return impl_->CountedTake(report, &speaker); }

const Reporters& HealthTable::reporters() const { return impl_->reporters; }

void HealthTable::ChangeReporters(const std::vector<std::string>& removed, const std::vector<ReporterPtr>& put) {
  if (removed.empty() && put.empty()) return;
  Reporters& reporters = impl_->reporters;
  for (const std::string& id : removed) reporters.Remove(id);
  for (const ReporterPtr& reporter : put) reporters.Put(reporter);
  impl_->authors.ForEach([&](const Author& author) { author.note().reporter = reporters.Get(author.view()); });
  impl_->servers.ForEach([&](ServerNode& server) {
    if (server.spoken() == nullptr) return;
    if (!reporters.empty()) {
      server.spoken()->votes.EndIf([&](const Author& author) {
        const ReporterPtr& reporter = author.note().reporter;
        return reporter == nullptr || !reporter->backends.Match(server.backend().view());
      });
    }
    impl_->Follow(*server.spoken());
  });
}

Health HealthTable::HealthOf(std::string_view backend, std::string_view id) const {
  const ServerNode* const server = impl_->servers.Find(backend, id);
  return server == nullptr || server->spoken() == nullptr ? Health::kUnknown : server->spoken()->judgement.health();
}

std::optional<Decision> HealthTable::Find(std::string_view backend, std::string_view id) const {
  const ServerNode* const server = impl_->servers.Find(backend, id);
  if (server == nullptr) return std::nullopt;
  return Describe(*server);
}

std::optional<Explanation> HealthTable::Explain(std::string_view backend, std::string_view id) const {
  const ServerNode* const server = impl_->servers.Find(backend, id);
  if (server == nullptr) return std::nullopt;
  return health::Explain(*server, impl_->log, impl_->now_ms());
}

std::optional<size_t> HealthTable::HeldByFailSafe(std::string_view backend) const {
  const auto place = impl_->ruled.find(backend);
  if (place == impl_->ruled.end() || place->second.note().fail_safe == nullptr) return std::nullopt;
  return place->second.note().fail_safe->fail_safe.held();
}

void HealthTable::ForEachFailSafe(absl::AnyInvocable<void(std::string_view backend, size_t held)> visit) const {
  for (const auto& [id, name] : impl_->ruled) {
    if (name.note().fail_safe != nullptr) visit(id, name.note().fail_safe->fail_safe.held());
  }
}

void HealthTable::Store(absl::AnyInvocable<void(StoredServer)> visit) const {
  const uint64_t now_ms = impl_->now_ms();
  impl_->servers.ForEach([&](const ServerNode& server) {
    if (server.spoken() != nullptr) visit(ToStored(server, now_ms));
  });
}

std::optional<StoredServer> HealthTable::StoreOf(std::string_view backend, std::string_view id) const {
  const ServerNode* const server = impl_->servers.Find(backend, id);
  if (server == nullptr || server->spoken() == nullptr) return std::nullopt;
  return ToStored(*server, impl_->now_ms());
}

bool HealthTable::Restore(const StoredServer& stored, uint64_t elapsed_ms) {
  ServerNode* const server = impl_->servers.Find(stored.backend, stored.server);
  if (server == nullptr) return false;
  Spoken& spoken = impl_->SpokenOf(*server);
  if (!spoken.votes.list().empty()) return false;
  const uint64_t now_ms = impl_->now_ms();
  for (const StoredServer::Vote& vote : stored.votes) {
    uint64_t& arrivals = vote.after_controller ? impl_->arrivals : impl_->restored_arrivals;
    RestoreVote(vote, elapsed_ms, impl_->authors.Get(vote.reporter), ++arrivals, now_ms, spoken.votes);
  }
  impl_->restored.push_back({&spoken, spoken.judgement.health()});
  RestoreDecision(stored, elapsed_ms, server->backend().note().rules.get(), now_ms, spoken);
  if (stored.held_ms_ago || stored.taken_ms_ago) {
    const bool held = stored.held_ms_ago.has_value();
    impl_->restored_places.push_back({&spoken, held, (held ? *stored.held_ms_ago : *stored.taken_ms_ago) + elapsed_ms});
  }
  return true;
}

void HealthTable::Impl::RestorePlace(const RestoredPlace& restored) {
  const ServerNode& server = *restored.spoken->server;
  BackendNote& note = server.backend().note();
  if (note.fail_safe == nullptr || !server.in_service()) return;
  const uint64_t since_ms = now_ms() - std::min(now_ms(), restored.ms_ago);
  FailSafe& fail_safe = note.fail_safe->fail_safe;
  FailSafe::Place* const place = restored.spoken->judgement.place();
  if (restored.held) {
    fail_safe.Hold(place, since_ms);
  } else if (restored.ms_ago < note.rules->fail_safe->within_ms) {
    fail_safe.Take(place, since_ms);
  }
}

void HealthTable::FollowRestored() {
  // In the order in which they came.
  std::ranges::sort(impl_->restored_places, std::greater<>(), &Impl::RestoredPlace::ms_ago);
  for (const Impl::RestoredPlace& place : std::exchange(impl_->restored_places, {})) impl_->RestorePlace(place);
  for (const Impl::RestoredDecision& decision : impl_->restored) impl_->Follow(*decision.spoken);
  for (const auto& [spoken, before] : std::exchange(impl_->restored, {})) {
    const config::Health after = spoken->judgement.health();
    if (after != before) impl_->on_change(spoken->server->backend().view(), spoken->server->id(), after);
  }
}

uint64_t HealthTable::reports_accepted() const { return impl_->accepted; }
uint64_t HealthTable::reports_refused() const {
  return std::accumulate(impl_->refused.begin(), impl_->refused.end(), uint64_t{0});
}
uint64_t HealthTable::reports_refused(Refusal why) const { return impl_->refused[static_cast<size_t>(why)]; }
uint64_t HealthTable::leases_expired() const { return impl_->expired; }
uint64_t HealthTable::decisions() const { return impl_->log.total(); }

}  // namespace fairlead::health
