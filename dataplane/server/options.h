#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "api/credentials/mutual_tls.h"
#include "dataplane/access_log/destination_spec.h"
#include "dataplane/event/loop.h"

namespace fairlead::server {

// What the command line says.
struct Options {
  bool help = false;
  bool version = false;
  std::vector<std::string> control;         // controllers to dial, in the order of preference
  std::vector<std::string> control_listen;  // where controllers and fairleadctl dial
  std::vector<std::string> admin_listen;
  std::vector<std::string> health_listen;
  // By which the TCP sockets of each speak mTLS; not given: they speak in the clear, on this machine alone.
  api::MutualTls control_tls;
  api::MutualTls admin_tls;
  api::MutualTls health_tls;
  bool insecure_admin = false;                            // admin sockets may speak in the clear beyond this machine
  std::optional<access_log::DestinationSpec> access_log;  // not given: nothing is logged
  int workers = 0;                                        // 0: one for each processor
  int tls_threads = -1;                                   // -1: as many as workers; 0: workers do handshakes themselves
  event::IoBackend io = event::IoBackend::kAuto;
  bool server_metrics = true;                   // /metrics shows each server
  std::string state_dir;                        // empty: nothing is saved
  std::chrono::milliseconds state_wait{1'000};  // how long an answer waits for the disk
  std::string node_id;                          // empty: the host's name
  std::string zone;
  std::chrono::milliseconds heartbeat_timeout{15'000};
  std::chrono::milliseconds heartbeat_interval{0};  // not given: a third of the timeout
  std::chrono::milliseconds drain_timeout{30'000};
  uint64_t max_buffer_bytes = 0;  // 0: a quarter of the memory that this process may have
};

// `arguments` without the program's name, each "--flag=value" or a switch. INVALID_ARGUMENT names the flag and what
// would be right.
absl::StatusOr<Options> ParseOptions(const std::vector<std::string>& arguments);

// What --help prints; fits a screen of 24 lines.
extern const char kHelp[];

}  // namespace fairlead::server
