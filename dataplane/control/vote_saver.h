#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "dataplane/config/snapshot.h"
#include "dataplane/event/timer_wheel.h"
#include "dataplane/health/health_table.h"
#include "dataplane/persistence/votes_file.h"

namespace fairlead::control {

// Hands over what reporters said, every five seconds in which something was said or ended, so that a restart does not
// begin without knowing any server's health. Goes through all servers of the moment's snapshot, a thousand a
// millisecond: the loop does other things between.
//
// On the control thread, owned by the control core.
class VoteSaver {
 public:
  static constexpr uint64_t kIntervalMs = 5'000;
  static constexpr int kServersAtOnce = 1'000;

  using Save = absl::AnyInvocable<void(persistence::VotePieces)>;
  using GetSnapshot = absl::AnyInvocable<std::shared_ptr<const config::Snapshot>()>;

  // `save`, null: nothing is done. `health` and `timers` outlive it.
  VoteSaver(event::TimerWheel* timers, const health::HealthTable* health, GetSnapshot get_snapshot, Save save);

  // Gives the table what was saved, of servers that exist; what has ended meanwhile, as ended.
  static void Restore(const std::vector<persistence::ServerVotes>& votes, health::HealthTable& health);

 private:
  static void OnDue(void* saver);
  void Begin();
  // False: all has been gone through.
  bool Step();
  void Add(const config::Backend& backend, const config::Server& server, persistence::Votes& votes);

  event::TimerWheel* const timers_;
  const health::HealthTable* const health_;
  GetSnapshot get_snapshot_;
  Save save_;
  event::Timer timer_{&OnDue, this};

  uint64_t seen_ = 0;  // changes of the table when it was gone through last
  // While it is gone through; null: it is not.
  std::shared_ptr<const config::Snapshot> snapshot_;
  size_t backend_ = 0;
  size_t server_ = 0;
  persistence::VotePieces pieces_;
};

}  // namespace fairlead::control
