#pragma once

#include <string>
#include <vector>

#include "dataplane/config/snapshot.h"

namespace fairlead::control {

// What differs between a state and the one before it: for workers, and beyond that for those who watch.
struct Changes {
  config::ChangeList list;
  std::vector<config::RouteTableSlot> route_tables;
  std::vector<config::CertificateSlot> certificates;
  std::vector<config::TrustBundleSlot> trust_bundles;
  std::vector<config::TicketKeysSlot> ticket_keys;

  // The controller's words on health. By name, since a server that went takes its word with it.
  struct HealthWord {
    std::string backend;
    std::string server;
    bool existed;  // before
  };
  std::vector<HealthWord> health_words;

  // Resources that have no slots.
  struct Named {
    std::string id;
    bool existed;  // before
  };
  std::vector<Named> reporters;
  std::vector<Named> scopes;
};

}  // namespace fairlead::control
