// fairleadctl: see help.cc.
#include <pwd.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "ctl/program.h"

namespace {

// $USER is not set by cron, systemd or containers; who runs the program is known all the same.
std::string UserName() {
  const passwd* const user = getpwuid(geteuid());
  return user == nullptr ? "" : user->pw_name;
}

std::string Variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr && name == "USER") return UserName();
  return value == nullptr ? "" : value;
}

// From now on SIGINT and SIGTERM do not end the program but make the descriptor readable. Threads inherit the mask.
int CatchInterrupts() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

}  // namespace

int main(int argc, char** argv) {
  // What is wrong the program says itself, in a line; who wants to hear gRPC sets it.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  const fairlead::ctl::Environment environment = {
      .in = std::cin, .out = std::cout, .err = std::cerr, .variable = Variable, .catch_interrupts = CatchInterrupts};
  return static_cast<int>(fairlead::ctl::RunProgram(std::vector<std::string>(argv + 1, argv + argc), environment));
}
