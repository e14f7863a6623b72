#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/config/server.h"

namespace fairlead::health {

// A command of HAProxy's runtime API, as far as it is taken here (docs/HAPROXY_VERBS.md). Its texts lie in the line
// that it was read from.
struct Verb {
  enum class Kind : uint8_t {
    kNothing,  // there was no command
    kSetHealth,
    kSetAdminState,
    kSetWeight,
    kGetWeight,
    kShowServersState,
    kPrompt,
    kQuit,
    kRefused
  };
  Kind kind = Kind::kNothing;
  std::string_view text;                                        // all of it, as it came
  std::string_view backend;                                     // of kShowServersState empty: all
  std::string_view server;                                      //
  config::Health health = config::Health::kUnknown;             // to set
  config::AdminState admin_state = config::AdminState::kReady;  // to set
  uint32_t weight = 0;                                          // to set
  bool is_percent = false;                                      // of the initial weight
  std::string error;  // with kRefused: what to answer, in HAProxy's words where it has them; without an end of line
};

// Whether a line is one of verbs, not of the line protocol: its first word tells.
bool BeginsWithVerb(std::string_view line);

// Takes the first command off the front of a line, in which ';' separates them. Allocates only for errors.
Verb TakeVerb(std::string_view* line);

}  // namespace fairlead::health
