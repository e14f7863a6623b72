#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "controlplane-mock/application.h"
#include "controlplane-mock/options.h"

namespace {

using fairlead::controlplane_mock::Application;
using fairlead::controlplane_mock::Options;

constexpr char kVersion[] = "0.1.0";

constexpr int kUsage = 2;

int Fail(const absl::Status& status, int exit_code = 1) {
  std::fprintf(stderr, "controlplane_mock: %s\n", std::string(status.message()).c_str());
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);  // its errors come as ours, a line each
  const absl::StatusOr<Options> options =
      fairlead::controlplane_mock::ParseOptions(std::vector<std::string>(argv + 1, argv + argc));
  if (!options.ok()) return Fail(options.status(), kUsage);
  if (options->help) {
    std::fputs(fairlead::controlplane_mock::kHelp, stdout);
    return 0;
  }
  if (options->version) {
    std::printf("controlplane_mock %s\n", kVersion);
    return 0;
  }
  absl::StatusOr<std::unique_ptr<Application>> application = Application::Create(*options);
  return application.ok() ? (*application)->Run() : Fail(application.status());
}
