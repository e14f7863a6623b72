#include "dataplane/control/grpc_log.h"

#include <grpc/support/log.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <string>

#include "dataplane/base/absl_strings.h"

namespace fairlead::control {
namespace {

// gRPC has one log for the process.
std::atomic<void (*)(std::string_view line)> write_line;
std::atomic<int64_t> last_second;
std::atomic<uint64_t> untold;

void OnLog(gpr_log_func_args* arguments) {
  if (arguments->severity != GPR_LOG_SEVERITY_ERROR) return;
  const int64_t now = std::time(nullptr);
  int64_t last = last_second.load(std::memory_order_relaxed);
  if (now == last || !last_second.compare_exchange_strong(last, now, std::memory_order_relaxed)) {
    untold.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  const uint64_t others = untold.exchange(0, std::memory_order_relaxed);
  std::string line = base::StrCat("control: ", arguments->message);
  if (others > 0) line += base::StrCat(" (and ", others, " more lines)");
  write_line.load()(line);
}

}  // namespace

void TellGrpcErrors(void (*write)(std::string_view line)) {
  if (std::getenv("GRPC_VERBOSITY") != nullptr || std::getenv("GRPC_TRACE") != nullptr) return;
  write_line = write;
  gpr_set_log_function(&OnLog);
}

}  // namespace fairlead::control
