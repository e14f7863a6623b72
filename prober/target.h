#pragma once

#include <string>

#include "api/yaml/concat.h"
#include "dataplane/net/address.h"

namespace fairlead::prober {

// A server to be checked.
struct Target {
  std::string backend;
  std::string server;
  net::Address address;

  // "web/w1": by which all probers share it out.
  std::string name() const { return api::Concat(backend, "/", server); }
  bool operator==(const Target&) const = default;
};

}  // namespace fairlead::prober
