#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "dataplane/config/server.h"
#include "dataplane/event/timer_wheel.h"

namespace fairlead::health {

// One reporter's claim, as api/fairlead/v1/health.proto describes it.
struct Report {
  std::string_view backend;
  std::string_view server;
  config::Health status = config::Health::kUnknown;
  std::string_view reporter;
  uint64_t incarnation = 0;
  uint64_t sequence = 0;
  uint64_t ttl_ms = 30'000;
  std::string_view reason;
};

// What holds for a server now, and by whose word.
struct Decision {
  config::Health health = config::Health::kUnknown;
  std::string decided_by;   // "controller", a reporter, or empty: nobody's word lives
  std::string reason;
  uint64_t since_ms = 0;    // when `health` last changed, by the table's clock
  uint64_t expires_ms = 0;  // when the deciding word ends; 0: never
};

// Who said what about which server, and what follows: of all words that live, the one that came last decides; when none
// lives, UNKNOWN. The controller's word (from transactions) is one of them, without an end. Lives on the control thread,
// owned by the control core; leases end through the wheel of the control loop.
class HealthTable {
 public:
  // `on_change(backend, server, health)` is told when a server's health changed through a report or the end of one: not
  // through the calls below that return a Decision, since a transaction publishes those itself.
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

  // Takes a report. INVALID_ARGUMENT: a field out of its limits; NOT_FOUND: no such server; FAILED_PRECONDITION: stale
  // (incarnation lower, or sequence not greater, than one seen from this reporter for this server, even an expired one).
  // The message says what was wrong and what would be right.
  absl::Status Take(const Report& report);

  // Of a server that exists; null otherwise. Valid until the next change of the table.
  const Decision* Find(std::string_view backend, std::string_view server) const;

  // Of the metrics: reports taken and refused since the start, and leases that ran out.
  uint64_t reports_accepted() const;
  uint64_t reports_refused() const;
  uint64_t leases_expired() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fairlead::health
