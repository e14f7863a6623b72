#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "dataplane/config/health_rules.h"
#include "dataplane/event/timer_wheel.h"
#include "dataplane/health/fail_safe.h"
#include "dataplane/health/name_pool.h"

namespace fairlead::health {

// What a backend with a fail-safe has besides. Named by `timer`, when a place comes free.
struct FailSafeState {
  FailSafeState(void (*on_room)(void*), void* table, std::string_view backend)
      : table(table), backend(backend), timer(on_room, this) {}

  void* const table;
  const std::string_view backend;  // the pool's
  FailSafe fail_safe;
  event::Timer timer;
  bool releasing = false;
  // The alarm, and what was said of it.
  uint64_t raised_ms = 0;  // 0: it is not raised
  uint64_t told_ms = 0;
  bool told_raised = false;
};

// What the health table knows of a backend beyond its name. 32 bytes.
struct BackendNote {
  uint32_t in_service = 0;       // servers that could be picked, but for their health
  config::HealthRulesPtr rules;  // null: the word that came last decides
  std::unique_ptr<FailSafeState> fail_safe;
};
using BackendPool = NotedNamePool<BackendNote>;
using BackendName = BackendPool::Name;

}  // namespace fairlead::health
