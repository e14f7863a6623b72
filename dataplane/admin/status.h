#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "dataplane/access_log/access_log.h"
#include "dataplane/config/snapshot.h"
#include "dataplane/health/health_table.h"
#include "dataplane/metrics/worker_counters.h"

namespace fairlead::admin {

// One worker, by its index.
struct WorkerStatus {
  uint64_t revision = 0;  // that it serves
  std::string_view io;    // "io_uring" or "epoll"
  const metrics::WorkerCounters* counters = nullptr;
};

// A stream between this proxy and a controller, or a tool.
struct ControlSession {
  std::string peer;      // the address that is dialled, or of who dialled; of a unix socket its path
  bool dialled = false;  // by this proxy
  bool connected = false;
  std::string detail;  // for people: why it is not connected
};

// Tables of backends that are balanced by a hash, since the start.
struct HashTableTotals {
  uint64_t built = 0;
  uint64_t swaps = 0;
  double build_seconds = 0;
};

// How saving to --state_dir fares.
struct StateOnDisk {
  uint64_t saved_revision = 0;
  int good_copies = 0;  // of the two files; whole, and can be written
  uint64_t bytes = 0;   // of both
  uint64_t failures = 0;
  uint64_t rewrites = 0;
  int damaged_files = 0;           // at the start
  uint64_t unbound_listeners = 0;  // restored, and not bound since
  std::string error;               // why a file can't be written now; empty: both can
};

// What the pages show, as of one moment of the control thread. Views and pointers stay valid for as long as the admin
// server lives; the snapshot is a copy, which shares everything with the one being served.
struct Status {
  std::string_view node_id;
  std::string_view zone;
  std::string_view version;
  uint64_t now_ms = 0;  // by the clock of the control loop, as all times here
  uint64_t started_ms = 0;
  bool draining = false;

  config::Snapshot snapshot;
  std::string fingerprint;
  std::vector<WorkerStatus> workers;
  uint64_t buffer_bytes = 0;  // of all workers
  uint64_t max_buffer_bytes = 0;
  const health::HealthTable* health = nullptr;
  bool server_metrics = true;  // /metrics shows each server

  uint64_t transactions_applied = 0;
  uint64_t transactions_rejected = 0;
  HashTableTotals hash_tables;
  bool prepared = false;  // a transaction is
  uint64_t prepared_dropped = 0;
  std::chrono::microseconds commit_lateness{0};
  std::vector<ControlSession> sessions;
  access_log::AccessLog::Totals access_log;
  std::optional<StateOnDisk> state_on_disk;  // none without --state_dir
};

// Called for each request, on the control thread.
using StatusSource = absl::AnyInvocable<Status()>;

// Why the proxy should get no traffic now; empty when it is ready: each worker serves a revision, of 1 or more, and
// nothing drains.
std::string WhyNotReady(const Status& status);

}  // namespace fairlead::admin
