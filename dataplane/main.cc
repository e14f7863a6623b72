#include <cstdio>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "dataplane/base/version.h"
#include "dataplane/server/options.h"
#include "dataplane/server/server.h"

int main(int argc, char** argv) {
  const absl::StatusOr<fairlead::server::Options> options =
      fairlead::server::ParseOptions(std::vector<std::string>(argv + 1, argv + argc));
  if (!options.ok()) {
    std::fprintf(stderr, "fairlead: %s\n", std::string(options.status().message()).c_str());
    return 2;
  }
  if (options->help) return std::fputs(fairlead::server::kHelp, stdout) < 0;
  if (options->version) return std::printf("fairlead %s\n", fairlead::base::kVersion) < 0;
  if (absl::Status status = fairlead::server::Run(*options); !status.ok()) {
    std::fprintf(stderr, "fairlead: %s\n", std::string(status.message()).c_str());
    return 1;
  }
  return 0;
}
