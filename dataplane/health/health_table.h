#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "dataplane/config/server.h"
#include "dataplane/event/timer_wheel.h"
#include "dataplane/health/decision.h"
#include "dataplane/health/report.h"
#include "dataplane/health/reporters.h"
#include "dataplane/health/speaker.h"
#include "dataplane/health/vote.h"

namespace fairlead::health {

// Who said what about which server, and what follows: of all words that live, the one that came last decides; when none
// lives, UNKNOWN. The controller's word (from transactions) is one of them, without an end. Lives on the control
// thread, owned by the control core; leases end through the wheel of the control loop, which is its clock and outlives
// it.
//
// A server costs about 45 bytes, 190 more when somebody has spoken of it, and each reporter that ever did 80 to 160.
class HealthTable {
 public:
  // `on_change(backend, server, health)` is told when a server's health changed through a report or the end of one: not
  // through the calls below that return a Decision, since a transaction publishes those itself. Called last, with the
  // table as it is afterwards; the texts live as long as the server.
  using OnChange = absl::AnyInvocable<void(std::string_view backend, std::string_view server, config::Health health)>;

  HealthTable(event::TimerWheel* timers, OnChange on_change);
  ~HealthTable();

  // A server came into being, or ended: with it, all words about it. Adding one that exists, and removing one that does
  // not, change nothing.
  void AddServer(std::string_view backend, std::string_view server);
  void RemoveServer(std::string_view backend, std::string_view server);

  // The controller's word; kUnknown takes it back. The same word and reason again change nothing, not even its age. The
  // server exists.
  const Decision& SetControllerWord(std::string_view backend, std::string_view server, config::Health health,
                                    std::string_view reason);
  // The controller's word, kUnknown when there is none.
  config::Health controller_word(std::string_view backend, std::string_view server) const;
  // What would be decided without it; kUnknown for a server that does not exist.
  config::Health HealthByReports(std::string_view backend, std::string_view server) const;

  // Takes a report. INVALID_ARGUMENT: a field out of its limits; NOT_FOUND: no such server; FAILED_PRECONDITION: stale
  // (incarnation lower, or sequence not greater, than one seen from this reporter for this server, even an expired
  // one); RESOURCE_EXHAUSTED: 64 other reporters (ServerWords::kMaxReporters) have spoken of it already. The message
  // says what was wrong and what would be right. A report that is refused changes nothing.
  absl::Status Take(const Report& report);
  // The same from a connection, whose peer may not be who it says. PERMISSION_DENIED: Speaker::Check.
  absl::Status Take(const Report& report, Speaker& speaker);

  // Who may report. What those said who may not any more ends at once, which may change decisions.
  const Reporters& reporters() const;
  void ChangeReporters(const std::vector<std::string>& removed, const std::vector<ReporterPtr>& put);

  // Of a server that exists; null otherwise. Valid until the table is called again.
  const Decision* Find(std::string_view backend, std::string_view server) const;

  // Calls `visit` with each claim of a reporter about a server that lives; never for a server that does not exist.
  void ForEachVote(std::string_view backend, std::string_view server,
                   const std::function<void(const Vote&)>& visit) const;

  // Of the metrics: reports taken and refused since the start, and claims whose time ran out.
  uint64_t reports_accepted() const;
  uint64_t reports_refused() const;
  uint64_t reports_refused(Refusal why) const;
  uint64_t leases_expired() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fairlead::health
