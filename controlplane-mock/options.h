#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "api/credentials/mutual_tls.h"
#include "controlplane-mock/etcd/store_address.h"
#include "controlplane-mock/fleet_settings.h"
#include "controlplane-mock/scenario.pb.h"

namespace fairlead::controlplane_mock {

// What the command line asks for.
struct Options {
  bool help = false;
  bool version = false;
  // Empty: proxies can't dial.
  std::string listen = "127.0.0.1:0";
  std::vector<std::string> dial{};
  // Of both; unix sockets do without.
  api::MutualTls tls{};
  std::optional<uint64_t> leader_epoch{};
  bool force = false;
  // Whether changes are made by it, and how.
  bool fleet_commit = false;
  FleetSettings fleet{};
  std::vector<Misbehaviour> misbehave{};
  std::string scenario{};
  bool exit_after_scenario = false;
  std::string status_file{};
  // Files and directories; none with a store.
  std::vector<std::string> paths{};
  // "etcd://HOST:PORT/PREFIX", in place of paths.
  std::optional<etcd::StoreAddress> store{};
  api::MutualTls store_tls{};
  // How this controller calls itself there.
  std::string name{};
  std::chrono::seconds lease_ttl{5};
};

// `arguments` without the program's name. INVALID_ARGUMENT, with the flag and what would be right: an unknown flag, a
// value that can't be, no path, an address beyond this machine.
absl::StatusOr<Options> ParseOptions(const std::vector<std::string>& arguments);

// What --help prints; fits a screen of 24 lines.
extern const char kHelp[];

}  // namespace fairlead::controlplane_mock
