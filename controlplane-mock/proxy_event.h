#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fairlead/v1/transaction.pb.h"

namespace fairlead::controlplane_mock {

// Something that happened between the controller and one proxy: for the log, the status file and scenarios.
struct ProxyEvent {
  enum class Kind : uint8_t {
    kConnected,  // it said Hello
    kSent,       // it was sent a transaction or a question
    kApplied,    // it answered a transaction with Applied
    kRejected,   // … with Rejected
    kReported,   // it answered a question with StateReport
    kFleet,      // something about all proxies together; node_id is empty
    kWarning,    // it said something unexpected; the stream goes on
    kLost,       // the stream ended; node_id is empty if there was no Hello
  };
  Kind kind = Kind::kWarning;
  std::string node_id{};
  std::string zone{};
  // What it serves, as far as the controller knows.
  uint64_t revision = 0;
  std::string fingerprint{};
  // Of kRejected: everything that it found.
  std::vector<v1::Violation> violations{};
  // One line for people, `proxy edge-1: applied revision 4 in 1.2 ms (+1 ~2 -0)`; with violations, a line for each.
  std::string text{};
};

}  // namespace fairlead::controlplane_mock
