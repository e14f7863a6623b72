#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "tests/support/peer/head.h"

namespace fairlead::origin {

// What has reached this origin: counted, and with a log file one line a request, written when its head has come:
//
//   <monotonic ns> <connection> <method> <target> <X-Request-Tag or ->
//
// Threads: any.
class Journal {
 public:
  Journal() = default;
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Appends to `path` from now on.
  absl::Status OpenLog(const std::string& path);

  // The number of a connection that has sent its first bytes: 1, 2, ...
  uint64_t BeginConnection();
  void EndConnection();
  void RecordRequest(uint64_t connection, const peer::RequestHead& head);
  // What the other side should never have sent.
  void RecordMalformed(std::string_view what);
  // An exchange that the other side broke off.
  void RecordCut();

  // {"name": …, "requests": …, "connections": …, "open_connections": …, "cut": …, "malformed": [the first 100]}
  std::string ToJson(std::string_view name) const;

 private:
  mutable std::mutex mutex_;
  int log_ = -1;
  uint64_t requests_ = 0;
  uint64_t connections_ = 0;
  uint64_t open_connections_ = 0;
  uint64_t cut_ = 0;
  std::vector<std::string> malformed_;
};

}  // namespace fairlead::origin
