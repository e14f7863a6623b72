#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace fairlead::hammer {

// One kind of request; clients take turns through all of them.
struct Target {
  std::string path;
  std::string expected_origin;  // X-Origin of its responses; empty: any
};

struct Options {
  std::string address;
  uint64_t connections = 1;
  // Ends after so many requests, after that time, or at SIGTERM or SIGINT, whichever is first.
  std::optional<uint64_t> requests;
  std::optional<std::chrono::milliseconds> duration;
  uint64_t rate = 0;  // requests a second, all connections together; 0: as fast as they go
  std::string method = "GET";
  std::string host = "hammer.test";
  std::vector<Target> targets;
  std::vector<std::string> headers;  // "name: value"
  uint64_t body_bytes = 0;
  std::set<uint64_t> expected_statuses = {200};
  std::optional<uint64_t> expected_bytes;
  bool expect_pattern = false;
  std::chrono::milliseconds time_limit{10'000};
  std::string tag = "h";  // X-Request-Tag: <tag><client>-<request>
  std::string log_path;
  bool shows_progress = false;
};

// INVALID_ARGUMENT with what is wrong. `--help` gives CANCELLED with the help's text.
absl::StatusOr<Options> ParseOptions(int argc, char** argv);

}  // namespace fairlead::hammer
