#include "ctl/help.h"

#include "api/yaml/concat.h"

namespace fairlead::ctl {
namespace {

constexpr std::string_view kProgram = R"(fairleadctl shows and changes what a Fairlead proxy does.

Usage: fairleadctl [FLAGS] COMMAND [ARGUMENTS]
  apply -f FILE...                   replace all by what the files say
  diff -f FILE... | diff R1 R2       what apply would change; between revisions
  get [KIND [ID]]                    what the proxy was told
  status [BACKEND]                   how it fares: health, workers, listeners
  explain BACKEND/SERVER             why its health is what it is
  watch [BACKEND...]                 changes as they happen, until Ctrl-C
  server add|remove|weight|drain|ready|maint BACKEND/SERVER...
  health report BACKEND/SERVER up|degraded|down|unknown
  history | rollback REVISION | confirm|commit|abort TRANSACTION

Flags, before or after the command:
  --address=HOST:PORT|unix:PATH      the proxy (default: $FAIRLEAD_ADDRESS)
  --ca, --cert, --key, --server_name mTLS (default: $FAIRLEAD_CA and so on)
  -o, --output=table|yaml|json       how to print (default: table)
  --timeout=TIME                     for connecting and answering (default: 10s)
  --dry_run                          check a change, and change nothing
  --author=NAME, --comment=TEXT      who makes a change, and why
  --version, --help                  more: fairleadctl server --help

Ends with 0: done; 1: rejected by the proxy (diff: there are differences);
2: the command line or a file is wrong; 3: the proxy was not reached in time.
)";

constexpr size_t kFlagColumns = 24;

std::string FlagLine(const Flag& flag) {
  std::string written = flag.letter == 0 ? "--" : api::Concat("-", std::string(1, flag.letter), ", --");
  api::Append(written, flag.name, flag.value.empty() ? "" : "=", flag.value);
  if (written.size() < kFlagColumns) written.resize(kFlagColumns, ' ');
  return api::Concat("  ", written, "  ", flag.help, "\n");
}

}  // namespace

std::string ProgramHelp() { return std::string(kProgram); }

std::string CommandHelp(const std::vector<Command>& commands) {
  std::string help;
  for (const Command& command : commands) {
    api::Append(help, help.empty() ? "" : "\n", "fairleadctl ", command.name, command.arguments.empty() ? "" : " ",
                command.arguments, "\n  ", command.summary, "\n  Example: ", command.example, "\n");
  }
  // The flags of a group are the same but for a few: each once.
  std::string flags;
  for (const Command& command : commands) {
    for (const Flag& flag : command.flags) {
      const std::string line = FlagLine(flag);
      if (flags.find(line) == std::string::npos) flags += line;
    }
  }
  if (!flags.empty()) api::Append(help, "\nFlags:\n", flags);
  return api::Concat(help, "\nFlags of all commands: fairleadctl --help\n");
}

}  // namespace fairlead::ctl
