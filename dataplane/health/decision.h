#pragma once

#include <cstdint>
#include <string>

#include "dataplane/config/server.h"

namespace fairlead::health {

// What holds for a server now, and by whose word.
struct Decision {
  config::Health health = config::Health::kUnknown;
  std::string decided_by;  // "controller", a reporter, or empty: nobody's word lives
  std::string reason;
  uint64_t since_ms = 0;        // when `health` last changed, by the table's clock
  uint64_t since_revision = 0;  // that was in force then; 0: nothing was ever decided
  uint64_t expires_ms = 0;      // when the deciding word ends; 0: never
};

}  // namespace fairlead::health
