#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fairlead/v1/control.pb.h"
#include "fairlead/v1/transaction.pb.h"
#include "prober/target.h"

namespace fairlead::prober {

// The servers that one proxy has, as its watch tells them. A value.
class ServerList {
 public:
  // Takes in the next report of a watch. Returns whether anything changed. A server whose address is none is left out:
  // no proxy has such.
  bool Apply(const v1::StateReport& report);

  size_t size() const;
  bool operator==(const ServerList&) const = default;

 private:
  friend std::vector<Target> Merge(const std::vector<const ServerList*>& lists);

  // By backend, then by server: its address.
  std::map<std::string, std::map<std::string, net::Address>> backends_;
};

// The servers of several proxies together: of one that they have under different addresses, the address in the first
// list that has it.
std::vector<Target> Merge(const std::vector<const ServerList*>& lists);

// The servers of a snapshot's backends; the rest of it is of no interest. INVALID_ARGUMENT names all that is wrong.
absl::StatusOr<std::vector<Target>> ServersOf(const v1::Snapshot& snapshot);

// Those of a file, as fairleadctl applies it. Blocks to read it.
absl::StatusOr<std::vector<Target>> ReadServers(const std::string& file);

}  // namespace fairlead::prober
