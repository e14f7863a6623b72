// fairlead_prober: see options.cc.
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "dataplane/base/version.h"
#include "prober/once.h"
#include "prober/options.h"
#include "prober/prober.h"

namespace {

std::string Variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

int Fail(int code, const absl::Status& status) {
  std::cerr << "fairlead_prober: " << std::string(status.message()) << "\n";
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  // What is wrong the program says itself, in a line; who wants to hear gRPC sets it.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  const auto options = fairlead::prober::ParseOptions(std::vector<std::string>(argv + 1, argv + argc), Variable);
  if (!options.ok()) return Fail(2, options.status());
  if (options->help) return std::cout << fairlead::prober::kHelp, 0;
  if (options->version) return std::cout << "fairlead_prober " << fairlead::base::kVersion << "\n", 0;
  if (options->once) {
    const absl::StatusOr<bool> all_up = fairlead::prober::RunOnce(*options, std::cout);
    return all_up.ok() ? (*all_up ? 0 : 1) : Fail(2, all_up.status());
  }
  const absl::Status end = fairlead::prober::Run(*options);
  return end.ok() ? 0 : Fail(1, end);
}
