#include "ctl/run_for_test.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "api/yaml/yaml.h"
#include "ctl/program.h"

namespace fairlead::ctl {

Outcome RunForTest(const std::vector<std::string>& arguments, const std::string& input) {
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  const Environment environment = {.in = in,
                                   .out = out,
                                   .err = err,
                                   .variable = [](const std::string& name) { return name == "USER" ? "alice" : ""; },
                                   .catch_interrupts = [] { return -1; }};
  const ExitCode code = RunProgram(arguments, environment);
  return {code, out.str(), err.str()};
}

Outcome RunForTest(const FakeProxy& proxy, std::vector<std::string> arguments, const std::string& input) {
  arguments.push_back("--address=" + proxy.address());
  return RunForTest(arguments, input);
}

v1::Snapshot StateForTest(std::string_view yaml) {
  v1::Snapshot state;
  EXPECT_EQ(api::ParseYaml(yaml, {}, &state), absl::OkStatus());
  return state;
}

std::string FileForTest(const std::string& name, std::string_view contents) {
  std::string path = ::testing::TempDir() + name;
  std::ofstream(path, std::ios::binary) << contents;
  return path;
}

}  // namespace fairlead::ctl
