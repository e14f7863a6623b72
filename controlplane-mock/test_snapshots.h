#pragma once

#include <cstdint>
#include <string>

#include "fairlead/v1/resources.pb.h"

namespace fairlead::controlplane_mock {

// For tests: one backend "web" of one server "w1" with that weight and address.
inline v1::Snapshot SnapshotOfWeight(uint32_t weight, const std::string& address = "127.0.0.1:9001") {
  v1::Snapshot snapshot;
  v1::Backend& backend = *snapshot.add_backends();
  backend.set_id("web");
  v1::Server& server = *backend.add_servers();
  server.set_id("w1");
  server.set_address(address);
  server.set_weight(weight);
  return snapshot;
}

}  // namespace fairlead::controlplane_mock
