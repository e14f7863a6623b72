#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "ctl/arguments.h"
#include "ctl/connection.h"
#include "ctl/environment.h"
#include "ctl/exit_code.h"
#include "ctl/output.h"

namespace fairlead::ctl {

// One call of a command, with the flags that all commands have read already.
struct Invocation {
  const Environment& environment;
  const Arguments& arguments;
  // What follows the command's name.
  std::vector<std::string> words;
  OutputFormat format = OutputFormat::kTable;
  // Where the proxy is, and for how long to wait for it.
  Connection::Options proxy;
};

// A command as the program finds, documents and runs it. All text is static.
struct Command {
  // One word or two: "server weight".
  std::string_view name;
  // "BACKEND/SERVER WEIGHT"
  std::string_view arguments;
  // One line.
  std::string_view summary;
  std::string_view example;
  // Its own, beside those that all commands take.
  std::vector<Flag> flags;
  // Errors become the exit code that ExitCodeOf says, with the message on standard error.
  absl::StatusOr<ExitCode> (*run)(const Invocation& invocation);
};

// The flags of a command that changes the proxy: its own, and those of every transaction (ReadWriteFlags).
std::vector<Flag> WithWriteFlags(std::vector<Flag> own);

// INVALID_ARGUMENT unless the command has between `least` and `most` words.
absl::Status CheckWordCount(const Invocation& invocation, std::string_view usage, size_t least, size_t most);

}  // namespace fairlead::ctl
