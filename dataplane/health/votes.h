#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "dataplane/config/health_rules.h"
#include "dataplane/config/server.h"
#include "dataplane/health/name_pool.h"
#include "dataplane/health/report.h"
#include "dataplane/health/reporter.h"
#include "dataplane/health/speaker.h"

namespace fairlead::health {

// What is known of an author of reports, beside his name: null where reporters are no resources, or he is none.
struct AuthorNote {
  ReporterPtr reporter;
};
using AuthorPool = NotedNamePool<AuthorNote>;
using Author = AuthorPool::Name;

// What one reporter says of one server. 88 bytes.
struct Vote {
  Author author;
  // What it counts as. UNKNOWN: it abstains.
  config::Health health = config::Health::kUnknown;
  // What its last report said, and how many in a row said so (DEGRADED counting as UP), up to kMaxRun.
  config::Health said = config::Health::kUnknown;
  uint8_t run = 0;
  bool leased = false;  // its last report lives
  uint32_t ttl_ms = 0;
  uint64_t incarnation = 0;
  uint64_t sequence = 0;
  uint64_t arrival = 0;
  uint64_t expires_ms = 0;  // when the lease ends, or ended; 0: there was none
  std::string reason;

  static constexpr uint8_t kMaxRun = 100;

  bool lives() const { return health != config::Health::kUnknown; }
  uint64_t reported_ms() const { return expires_ms - ttl_ms; }
  uint32_t weight() const { return author.note().reporter != nullptr ? author.note().reporter->weight : 1; }
  std::string_view failure_domain() const {
    return author.note().reporter != nullptr ? author.note().reporter->failure_domain : author.view();
  }
};

// What everybody says of one server: reporters, each with a lease, and the controller, without. A part of HealthTable,
// which gives it the time (milliseconds), the names, and a number that grows with every word of any server.
class Votes {
 public:
  // Authors remembered, besides the controller.
  static constexpr size_t kMaxReporters = 64;
  static constexpr uint64_t kNever = UINT64_MAX;

  struct ControllerWord {
    config::Health health = config::Health::kUnknown;
    uint64_t arrival = 0;
    uint64_t said_ms = 0;
    std::string reason;
  };

  // In no order. Those that abstain are kept for what follows.
  const std::vector<Vote>& list() const { return votes_; }
  // Null: it says nothing.
  const ControllerWord* controller() const { return controller_.get(); }

  // Takes a report that CheckReport allows. FAILED_PRECONDITION when it is stale, RESOURCE_EXHAUSTED when it would need
  // one more author that lives than the limit: then nothing has changed.
  absl::Status Take(const Report& report, const config::HealthRules& rules, AuthorPool* authors, uint64_t arrival,
                    uint64_t now_ms, Refusal* refusal);

  // False: the word holds already, with the same reason. kUnknown takes it back.
  bool SetController(config::Health health, std::string_view reason, uint64_t arrival, uint64_t now_ms);

  // Puts back what another table had (HealthTable::Restore). False: there is no room, or a vote of this author.
  bool Restore(Vote vote);

  // When the next lease ends; kNever: none does.
  uint64_t FirstLeaseEnd() const;
  // Ends the leases whose time has come. Returns how many.
  int EndLeases(uint64_t now_ms);
  // Ends those of authors of whom `ended` says so. Returns how many.
  template <typename Ended>
  int EndIf(Ended ended) {
    int count = 0;
    for (Vote& vote : votes_) {
      if (!vote.leased || !ended(vote.author)) continue;
      End(vote);
      ++count;
    }
    return count;
  }
  // All of them, and the controller's word with them: only the numbers stay.
  void EndAll();

 private:
  static void End(Vote& vote);
  static absl::Status CheckOrder(const Report& report, const Vote& last, uint64_t* incarnation, uint64_t* sequence);
  Vote* Find(std::string_view author);
  // A new one, maybe in the place of one that has been silent longest; null: all live.
  Vote* Add(std::string_view author, AuthorPool* authors);

  std::vector<Vote> votes_;  // one for each author
  std::unique_ptr<ControllerWord> controller_;
};

}  // namespace fairlead::health
