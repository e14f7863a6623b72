#pragma once

#include <functional>
#include <istream>
#include <ostream>
#include <string>

namespace fairlead::ctl {

// What the program sees of the world besides its arguments, so that tests run it as main does. Outlives every command.
struct Environment {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  // The value of an environment variable, empty if there is none.
  std::function<std::string(const std::string& name)> variable;
  // Begins to catch Ctrl-C (it ends the program before), and returns a descriptor that becomes readable when it comes.
  // Called before the first thread starts; the descriptor is the environment's.
  std::function<int()> catch_interrupts;
};

}  // namespace fairlead::ctl
