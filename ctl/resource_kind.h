#pragma once

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "ctl/table.h"
#include "fairlead/v1/control.pb.h"
#include "fairlead/v1/resources.pb.h"

namespace fairlead::ctl {

// One of the kinds that `get` knows: how it is picked out of a state, and shown.
struct ResourceKind {
  // As the API calls it: "route_tables".
  std::string_view name;
  // What of a state is of this kind; with an id only that one (of servers and health: BACKEND or BACKEND/SERVER).
  // Servers come with their backend's id and nothing else of it. Empty if there is none.
  v1::Snapshot (*select)(const v1::Snapshot& state, std::string_view id);
  // Of a report whose resources were selected.
  Table (*table)(const v1::StateReport& report);
};

// All, in the order in which they are shown.
std::vector<ResourceKind> ResourceKinds();

}  // namespace fairlead::ctl
