#pragma once

#include <string>
#include <vector>

#include "ctl/command.h"

namespace fairlead::ctl {

// The program's own help, in a screen of 80 by 24.
std::string ProgramHelp();

// Of a command, or of a group of them ("server"): usage, flags and an example of each.
std::string CommandHelp(const std::vector<Command>& commands);

}  // namespace fairlead::ctl
