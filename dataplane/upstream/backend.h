#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "dataplane/config/backend.h"
#include "dataplane/load_balancing/policy.h"
#include "dataplane/metrics/backend_counters.h"
#include "dataplane/upstream/environment.h"
#include "dataplane/upstream/server.h"

namespace fairlead::upstream {

// One worker's side of one backend: the rotation over its servers, and those that were picked so far. Lives as long as
// the backend does in the snapshots that the worker adopts; on the worker's thread alone.
class Backend {
 public:
  Backend(Environment* environment, const config::Backend* config);
  ~Backend();
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  // The server for the next request, another than that of slot `avoid` if there is one; null when none is eligible.
  struct Choice {
    Server* server = nullptr;
    config::ServerSlot slot = load_balancing::Policy::kNone;
  };
  Choice Pick(config::ServerSlot avoid);

  // This worker's, over all revisions.
  metrics::BackendWorkerCounters& counters() {
    if (counters_ == nullptr) counters_ = &config_->counters->of_worker(environment_->worker_index);
    return *counters_;
  }

  // Whether `config` is of this backend, not of another that has got its slot.
  bool serves(const config::Backend& config) const { return config.settings->id == config_->settings->id; }

  // The backend of the same id in the next revision. Its settings are taken over at once; of its servers those that
  // UpdateServer names afterwards.
  void Update(const config::Backend* config);
  // The server in this slot was added, changed or removed. O(log n).
  void UpdateServer(config::ServerSlot slot);

 private:
  // As the configuration has it now; null where the slot is free.
  const config::Server* Configured(config::ServerSlot slot) const;
  void SetWeight(config::ServerSlot slot);

  Environment* const environment_;
  const config::Backend* config_;
  metrics::BackendWorkerCounters* counters_ = nullptr;  // until they are first needed
  std::unique_ptr<load_balancing::Policy> policy_;
  config::LoadBalancingPolicy policy_kind_;
  bool unknown_is_eligible_;
  // By slot; null for those that were never picked.
  std::vector<std::unique_ptr<Server>> servers_;
};

}  // namespace fairlead::upstream
