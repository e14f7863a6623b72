#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dataplane/config/slots.h"
#include "dataplane/routing/domain_index.h"

namespace fairlead::routing {

// Where connections go whose TLS names one of these servers.
struct SniRoute {
  std::vector<std::string> server_names;  // exact, "*.suffix", "*"
  config::BackendSlot backend = 0;
  std::string backend_id;
};

// The sni_routes of a TCP listener, compiled. Made by the control side, immutable, read by all workers at once.
class SniRouter {
 public:
  explicit SniRouter(std::vector<SniRoute> routes);
  SniRouter(const SniRouter&) = delete;
  SniRouter& operator=(const SniRouter&) = delete;

  // The route of this name, or null: an exact one beats the longest "*.suffix", which beats "*". None is for the empty
  // name, which stands for none.
  const SniRoute* Find(std::string_view server_name) const;

  const std::vector<SniRoute>& routes() const { return routes_; }

 private:
  const std::vector<SniRoute> routes_;
  const DomainIndex names_;  // of indexes into routes_
};

}  // namespace fairlead::routing
