#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace fairlead::controlplane_mock::etcd {

// Where a store is.
struct StoreAddress {
  // Of one cluster, "HOST:PORT".
  std::vector<std::string> members{};
  // Of all keys, "/fairlead".
  std::string prefix{};
};

// Reads "etcd://HOST:PORT,HOST:PORT/PREFIX". INVALID_ARGUMENT for anything else; whether the members are addresses is
// not looked at.
absl::StatusOr<StoreAddress> ParseStoreAddress(const std::string& text);

}  // namespace fairlead::controlplane_mock::etcd
