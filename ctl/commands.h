#pragma once

#include <vector>

#include "ctl/command.h"

namespace fairlead::ctl {

// The commands, each group in a file of its own, in the order of the help.
Command ApplyCommand();
Command DiffCommand();
Command GetCommand();
Command StatusCommand();
Command ExplainCommand();
Command WatchCommand();
std::vector<Command> ServerCommands();
std::vector<Command> HistoryCommands();
std::vector<Command> FleetCommands();
Command HealthReportCommand();

}  // namespace fairlead::ctl
