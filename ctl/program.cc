#include "ctl/program.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "api/credentials/mutual_tls.h"
#include "api/yaml/concat.h"
#include "api/yaml/nearest_name.h"
#include "api/yaml/scalars.h"
#include "ctl/arguments.h"
#include "ctl/commands.h"
#include "ctl/help.h"

namespace fairlead::ctl {
namespace {

constexpr std::string_view kVersion = "fairleadctl 0.1.0\n";
constexpr std::string_view kSeeHelp = "; see fairleadctl --help";

std::vector<Command> AllCommands() {
  std::vector<Command> commands = {ApplyCommand(),  DiffCommand(),    GetCommand(),
                                   StatusCommand(), ExplainCommand(), WatchCommand()};
  std::ranges::move(ServerCommands(), std::back_inserter(commands));
  std::ranges::move(HistoryCommands(), std::back_inserter(commands));
  std::ranges::move(FleetCommands(), std::back_inserter(commands));
  commands.push_back(HealthReportCommand());
  return commands;
}

std::vector<Flag> GlobalFlags() {
  return {{.name = "address", .value = "HOST:PORT|unix:PATH", .help = "the proxy"},
          {.name = "ca", .value = "FILE", .help = "mTLS: who must have signed the proxy's certificate"},
          {.name = "cert", .value = "FILE", .help = "mTLS: what the proxy is shown"},
          {.name = "key", .value = "FILE", .help = "mTLS: of that"},
          {.name = "server_name", .value = "NAME", .help = "in the proxy's certificate"},
          {.name = "output", .value = "table|yaml|json", .help = "how to print", .letter = 'o'},
          {.name = "timeout", .value = "TIME", .help = "for connecting and answering"},
          {.name = "help", .value = "", .help = "show this", .letter = 'h'},
          {.name = "version", .value = "", .help = "show the version"}};
}

bool Has(const std::vector<Flag>& flags, std::string_view name) {
  return std::ranges::any_of(flags, [&](const Flag& flag) { return flag.name == name; });
}

// Every flag of every command: flags may stand before the command, so what they are must be known before what it is.
std::vector<Flag> AllFlags(const std::vector<Command>& commands) {
  std::vector<Flag> flags = GlobalFlags();
  for (const Command& command : commands) {
    for (const Flag& flag : command.flags) {
      if (!Has(flags, flag.name)) flags.push_back(flag);
    }
  }
  return flags;
}

// "server" of "server weight".
std::string_view FirstWord(std::string_view name) { return name.substr(0, name.find(' ')); }
std::string_view SecondWord(std::string_view name) {
  const size_t space = name.find(' ');
  return space == std::string_view::npos ? "" : name.substr(space + 1);
}

// The commands that the words begin with: one, or all of a group ("server" alone); none if there is no such.
std::vector<Command> FindCommands(const std::vector<Command>& commands, const std::vector<std::string>& words) {
  std::vector<Command> found;
  for (const Command& command : commands) {
    if (words.empty() || FirstWord(command.name) != words[0]) continue;
    const std::string_view second = SecondWord(command.name);
    if (second.empty() || words.size() == 1 || second == words[1]) found.push_back(command);
  }
  return found;
}

std::string_view Trim(std::string_view text) { return text.substr(text.find_first_not_of(' ')); }

absl::Status UnknownCommand(const std::vector<Command>& commands, const std::vector<std::string>& words) {
  if (words.empty()) return absl::InvalidArgumentError(api::Concat("no command", kSeeHelp));
  std::vector<std::string_view> first_words;
  std::vector<std::string_view> second_words;
  for (const Command& command : commands) {
    first_words.push_back(FirstWord(command.name));
    if (FirstWord(command.name) == words[0]) second_words.push_back(SecondWord(command.name));
  }
  if (!second_words.empty() && words.size() == 1) {
    return absl::InvalidArgumentError(api::Concat(words[0], " needs one of ", api::Join(second_words, ", ")));
  }
  const bool in_group = !second_words.empty();
  const std::string unknown = in_group ? api::Concat(words[0], " ", words[1]) : words[0];
  const std::string hint = in_group ? api::DidYouMean(words[1], second_words) : api::DidYouMean(words[0], first_words);
  if (hint.empty()) return absl::InvalidArgumentError(api::Concat("unknown command \"", unknown, "\"", kSeeHelp));
  return absl::InvalidArgumentError(api::Concat("unknown command \"", unknown, "\"; ", Trim(hint)));
}

// A flag of another command must not be passed over in silence.
absl::Status CheckFlags(const Command& command, const Arguments& arguments) {
  for (const std::string& name : arguments.given()) {
    if (Has(command.flags, name) || Has(GlobalFlags(), name)) continue;
    return absl::InvalidArgumentError(api::Concat(command.name, " has no flag --", name));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::chrono::nanoseconds> ParseTimeout(const std::string& text) {
  const auto duration = api::ParseDuration(text);
  const bool positive = duration && (duration->seconds > 0 || duration->nanos > 0);
  constexpr int64_t kLongest = 24 * 3600;
  if (!positive || duration->seconds > kLongest) {
    return absl::InvalidArgumentError(api::Concat("--timeout is a duration like 10s, at most 24h, not \"", text, "\""));
  }
  return std::chrono::seconds(duration->seconds) + std::chrono::nanoseconds(duration->nanos);
}

// Flags, or what the environment says in their place.
absl::StatusOr<api::MutualTls> ReadMutualTls(const Arguments& arguments, const Environment& environment) {
  const api::MutualTls tls = {
      .ca = arguments.Get("ca", environment.variable("FAIRLEAD_CA")),
      .certificate = arguments.Get("cert", environment.variable("FAIRLEAD_CERT")),
      .key = arguments.Get("key", environment.variable("FAIRLEAD_KEY")),
      .server_name = arguments.Get("server_name", environment.variable("FAIRLEAD_SERVER_NAME"))};
  if (absl::Status status = api::CheckMutualTls(tls, "--"); !status.ok()) return status;
  return tls;
}

absl::StatusOr<Invocation> MakeInvocation(const Command& command, const Arguments& arguments,
                                          const Environment& environment) {
  const absl::StatusOr<OutputFormat> format = ParseOutputFormat(arguments.Get("output", "table"));
  if (!format.ok()) return format.status();
  const absl::StatusOr<std::chrono::nanoseconds> timeout = ParseTimeout(arguments.Get("timeout", "10s"));
  if (!timeout.ok()) return timeout.status();
  const std::string address = arguments.Get("address", environment.variable("FAIRLEAD_ADDRESS"));
  if (address.empty()) {
    return absl::InvalidArgumentError("where is the proxy? say --address=HOST:PORT or set FAIRLEAD_ADDRESS");
  }
  absl::StatusOr<api::MutualTls> tls = ReadMutualTls(arguments, environment);
  if (!tls.ok()) return tls.status();
  const std::ptrdiff_t own_words = SecondWord(command.name).empty() ? 1 : 2;
  return Invocation{.environment = environment,
                    .arguments = arguments,
                    .words = {arguments.words().begin() + own_words, arguments.words().end()},
                    .format = *format,
                    .proxy = {.address = address, .tls = *std::move(tls), .timeout = *timeout}};
}

absl::StatusOr<ExitCode> Run(const std::vector<std::string>& words, const Environment& environment) {
  const std::vector<Command> commands = AllCommands();
  const absl::StatusOr<Arguments> arguments = Arguments::Parse(words, AllFlags(commands));
  if (!arguments.ok()) return arguments.status();
  if (arguments->IsOn("version")) {
    environment.out << kVersion;
    return ExitCode::kDone;
  }
  // "help" and "help COMMAND", as other programs of this kind take them.
  const bool asks_for_help = !arguments->words().empty() && arguments->words()[0] == "help";
  const std::vector<std::string> words_of_command(arguments->words().begin() + (asks_for_help ? 1 : 0),
                                                  arguments->words().end());
  const std::vector<Command> found = FindCommands(commands, words_of_command);
  if ((arguments->IsOn("help") || asks_for_help) && (!found.empty() || words_of_command.empty())) {
    environment.out << (found.empty() ? ProgramHelp() : CommandHelp(found));
    return ExitCode::kDone;
  }
  if (found.size() != 1 || (!SecondWord(found[0].name).empty() && arguments->words().size() == 1)) {
    return UnknownCommand(commands, words_of_command);
  }
  const absl::Status flags = CheckFlags(found[0], *arguments);
  if (!flags.ok()) return flags;
  const absl::StatusOr<Invocation> invocation = MakeInvocation(found[0], *arguments, environment);
  if (!invocation.ok()) return invocation.status();
  return found[0].run(*invocation);
}

}  // namespace

ExitCode RunProgram(const std::vector<std::string>& arguments, const Environment& environment) {
  const absl::StatusOr<ExitCode> result = Run(arguments, environment);
  if (result.ok()) return *result;
  environment.err << std::string(result.status().message()) << "\n";
  return ExitCodeOf(result.status());
}

}  // namespace fairlead::ctl
