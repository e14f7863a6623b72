#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/admin/status.h"
#include "dataplane/event/timer_wheel.h"
#include "dataplane/health/health_table.h"
#include "dataplane/metrics/worker_counters.h"

namespace fairlead::admin {

// A proxy's state for tests of what shows it: two workers that serve revision 1, and what is added.
class TestFleet {
 public:
  static constexpr int kWorkers = 2;

  explicit TestFleet(uint64_t now_ms = 1'000);

  // Returns the backend's slot.
  size_t AddBackend(const std::string& id);
  // `change` may alter it before it becomes part of the snapshot. Known to the health table. Returns its counters.
  metrics::ServerCounters& AddServer(size_t backend, const std::string& id,
                                     const std::function<void(config::Server*)>& change = {});
  void AddListener(const std::string& id, const std::string& address, const std::string& bound_address);
  // Each of the virtual hosts has each of the rules.
  void AddRouteTable(const std::string& id, const std::vector<std::string>& hosts,
                     const std::vector<std::string>& rules);
  // A slot of servers, and one of each other kind, in which nothing is.
  void AddFreeSlots(size_t backend);

  Status GetStatus() const { return status; }

  event::TimerWheel timers;
  health::HealthTable table;
  metrics::WorkerCounters workers[kWorkers];
  Status status;  // to be changed at will
};

}  // namespace fairlead::admin
