#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ctl/exit_code.h"
#include "ctl/fake_proxy.h"
#include "fairlead/v1/resources.pb.h"

namespace fairlead::ctl {

// What a run of the program left.
struct Outcome {
  ExitCode code;
  std::string out;
  std::string err;
};

// Runs the program in this process as main would; no variable is set but USER=alice. `input` is its standard input.
Outcome RunForTest(const std::vector<std::string>& arguments, const std::string& input = "");
// The same with --address of that proxy.
Outcome RunForTest(const FakeProxy& proxy, std::vector<std::string> arguments, const std::string& input = "");

// A state from its YAML.
v1::Snapshot StateForTest(std::string_view yaml);

// Writes a file in the test's own directory and returns its path.
std::string FileForTest(const std::string& name, std::string_view contents);

}  // namespace fairlead::ctl
