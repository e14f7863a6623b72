#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/config/server.h"

namespace fairlead::health {

// A claim of a reporter that lives, as the table holds it. The texts are the table's, until it is called again.
struct Vote {
  std::string_view reporter;
  config::Health status = config::Health::kUnknown;
  std::string_view reason;
  uint64_t incarnation = 0;
  uint64_t sequence = 0;
  uint64_t expires_ms = 0;  // by the table's clock
  uint64_t arrival = 0;     // greater than that of any that came before
};

}  // namespace fairlead::health
