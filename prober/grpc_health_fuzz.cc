#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "dataplane/base/utf8.h"
#include "prober/grpc_health.h"

namespace fairlead::prober {

// A response: its status in a byte, its message up to a NUL, its body. Whatever it is, the outcome can be reported.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string input(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(input.find('\0', 1), input.size());
  HealthResponse response = {.http_status = 200,
                             .grpc_status = std::to_string(data[0] % 20),
                             .grpc_message = input.substr(1, end - 1),
                             .body = input.substr(std::min(end + 1, input.size()))};
  const Outcome outcome = JudgeHealthResponse(response);
  const bool reportable = !outcome.reason.empty() && outcome.reason.size() <= kMaxReason;
  if (!reportable || !base::IsValidUtf8(outcome.reason)) std::abort();
  if (outcome.success && response.grpc_status != "0") std::abort();
  return 0;
}

}  // namespace fairlead::prober
