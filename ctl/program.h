#pragma once

#include <string>
#include <vector>

#include "ctl/environment.h"
#include "ctl/exit_code.h"

namespace fairlead::ctl {

// The whole program: finds the command that the arguments (without the program's name) call for, runs it, and prints
// what went wrong to standard error. Blocks until the command has ended.
ExitCode RunProgram(const std::vector<std::string>& arguments, const Environment& environment);

}  // namespace fairlead::ctl
