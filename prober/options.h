#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "api/credentials/mutual_tls.h"
#include "dataplane/event/loop.h"

namespace fairlead::prober {

// What the command line says.
struct Options {
  bool help = false;
  bool version = false;
  bool once = false;
  std::string id;                    // as a reporter; never empty
  std::string config;                // a file; empty: TCP, everywhere
  std::string servers;               // a file; empty: the proxies are asked
  std::vector<std::string> proxies;  // "HOST:PORT" or "unix:PATH"
  api::MutualTls tls;                // toward them
  uint32_t replicas = 2;
  std::string peer_listen;  // empty: it is alone
  std::vector<std::string> peers;
  std::string peer_key;  // a file; empty: peers are of this machine
  std::chrono::milliseconds peer_timeout{1'000};
  std::chrono::milliseconds proxy_timeout{2'000};
  std::vector<std::string> admin_listen;
  bool insecure_admin = false;
  uint32_t max_checks = 4'096;
  uint32_t max_commands = 64;
  event::IoBackend io = event::IoBackend::kAuto;
};

// `arguments` without the program's name; `variable` gives the environment's. INVALID_ARGUMENT in one line.
absl::StatusOr<Options> ParseOptions(const std::vector<std::string>& arguments,
                                     const std::function<std::string(const std::string&)>& variable);

// What --help prints; fits a screen of 24 lines.
extern const char kHelp[];

}  // namespace fairlead::prober
