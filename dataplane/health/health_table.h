#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "dataplane/config/health_rules.h"
#include "dataplane/config/server.h"
#include "dataplane/event/timer_wheel.h"
#include "dataplane/health/decision.h"
#include "dataplane/health/explanation.h"
#include "dataplane/health/report.h"
#include "dataplane/health/reporters.h"
#include "dataplane/health/speaker.h"
#include "dataplane/health/stored_server.h"

namespace fairlead::health {

// Who said what about which server, and what follows, by the rules of its backend (docs/HEALTH.md): without rules, of
// all words that live, the one that came last decides; when none lives, UNKNOWN. The controller's word (from
// transactions) is one of them, without an end. Lives on the control thread, owned by the control core; leases end
// through the wheel of the control loop, which is its clock and outlives it.
//
// A server costs about 45 bytes, 150 more when somebody has spoken of it, and each reporter that ever did 90 to 180;
// where its backend has rules, 150 more.
class HealthTable {
 public:
  // `on_change(backend, server, health)` is told when a server's health changed: not through SetControllerWord, since a
  // transaction publishes that itself. With the table as it is afterwards; the texts live as long as the server.
  using OnChange = absl::AnyInvocable<void(std::string_view backend, std::string_view server, config::Health health)>;
  // Gets a line for operators when a fail-safe holds decisions back, and when that is over.
  using OnAlarm = absl::AnyInvocable<void(std::string_view line)>;

  HealthTable(event::TimerWheel* timers, OnChange on_change, OnAlarm on_alarm = nullptr);
  ~HealthTable();

  // A server came into being, or ended: with it, all words about it, of which only the numbers of reports are kept for
  // a while. Adding one that exists, and removing one that does not, change nothing.
  void AddServer(std::string_view backend, std::string_view server);
  void RemoveServer(std::string_view backend, std::string_view server);
  // Whether a server that exists could be picked, but for its health: READY, with a weight above 0. Default: it could
  // not. Fail-safes count these.
  void SetInService(std::string_view backend, std::string_view server, bool in_service);

  // How reports become decisions for a backend's servers; null: the word that came last. What is known of its servers
  // follows when each is reconsidered.
  void SetRules(std::string_view backend, config::HealthRulesPtr rules);
  void Reconsider(std::string_view backend, std::string_view server);
  // The revision that is in force from now on: decisions are remembered with theirs.
  void SetRevision(uint64_t revision);

  // The controller's word; kUnknown takes it back. The same word and reason again change nothing, not even its age. The
  // server exists; returns what its health is then.
  config::Health SetControllerWord(std::string_view backend, std::string_view server, config::Health health,
                                   std::string_view reason);
  // The controller's word, kUnknown when there is none.
  config::Health controller_word(std::string_view backend, std::string_view server) const;
  // What would be decided without it; kUnknown for a server that does not exist.
  config::Health HealthByReports(std::string_view backend, std::string_view server) const;

  // Takes a report. INVALID_ARGUMENT: a field out of its limits; NOT_FOUND: no such server; FAILED_PRECONDITION: stale
  // (incarnation lower, or sequence not greater, than one seen from this reporter for this server, even an expired
  // one); RESOURCE_EXHAUSTED: 64 other reporters (Votes::kMaxReporters) speak of it already. The message says what was
  // wrong and what would be right. A report that is refused changes nothing.
  absl::Status Take(const Report& report);
  // The same from a connection, whose peer may not be who it says. PERMISSION_DENIED: Speaker::Check.
  absl::Status Take(const Report& report, Speaker& speaker);

  // Who may report. What those said who may not any more ends at once, and others count as they do now, which may
  // change decisions. Costs as much as there are servers.
  const Reporters& reporters() const;
  void ChangeReporters(const std::vector<std::string>& removed, const std::vector<ReporterPtr>& put);

  // kUnknown for a server that does not exist.
  config::Health HealthOf(std::string_view backend, std::string_view server) const;
  // Of a server that exists.
  std::optional<Decision> Find(std::string_view backend, std::string_view server) const;
  // All that is behind a decision. Of a server that exists.
  std::optional<Explanation> Explain(std::string_view backend, std::string_view server) const;
  // How many decisions the backend's fail-safe holds back now; none: it has no fail-safe.
  std::optional<size_t> HeldByFailSafe(std::string_view backend) const;
  // `visit(backend, held)` for each backend with a fail-safe.
  void ForEachFailSafe(absl::AnyInvocable<void(std::string_view backend, size_t held)> visit) const;

  // For what outlives the process. `visit(StoredServer)` for each server of which somebody has spoken.
  void Store(absl::AnyInvocable<void(StoredServer)> visit) const;
  // Of one; none: nobody has spoken of it, or there is no such server.
  std::optional<StoredServer> StoreOf(std::string_view backend, std::string_view server) const;
  // Puts back what was stored `elapsed_ms` ago: leases that have ended meanwhile abstain. False: there is no such
  // server, or somebody has spoken of it already. The controller's words come before. Nothing follows from it until all
  // is there.
  bool Restore(const StoredServer& stored, uint64_t elapsed_ms);
  // All is: decisions follow, and fail-safes go on with what they counted. Before anything else is said. `on_change` is
  // told where a server's health is another than without all this.
  void FollowRestored();

  // Of the metrics: reports taken and refused since the start, claims whose time ran out, and decisions that changed.
  uint64_t reports_accepted() const;
  uint64_t reports_refused() const;
  uint64_t reports_refused(Refusal why) const;
  uint64_t leases_expired() const;
  uint64_t decisions() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fairlead::health
