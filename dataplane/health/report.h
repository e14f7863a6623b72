#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "dataplane/config/server.h"

namespace fairlead::health {

// Limits of a report's fields, as api/fairlead/v1/health.proto sets them.
constexpr uint64_t kDefaultTtlMs = 30'000;
constexpr uint64_t kMinTtlMs = 10;
constexpr uint64_t kMaxTtlMs = uint64_t{24} * 3'600'000;
constexpr size_t kMaxReporterBytes = 128;
constexpr size_t kMaxReasonBytes = 256;

// The author of the controller's own words; no reporter may call itself that.
constexpr std::string_view kControllerAuthor = "controller";

// One reporter's claim, as api/fairlead/v1/health.proto describes it. The texts are the caller's.
struct Report {
  std::string_view backend;
  std::string_view server;
  config::Health status = config::Health::kUnknown;
  std::string_view reporter;
  uint64_t incarnation = 0;
  uint64_t sequence = 0;  // 0: the next one of this reporter for this server
  uint64_t ttl_ms = kDefaultTtlMs;
  std::string_view reason;
};

// What names, of reporters as of resources, are made of.
bool IsNameCharacter(unsigned char c);

// INVALID_ARGUMENT where a field is out of its limits, whatever the servers; the message names the field and says what
// would be right.
absl::Status CheckReport(const Report& report);

}  // namespace fairlead::health
