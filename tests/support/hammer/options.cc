#include "tests/support/hammer/options.h"

#include "tests/support/peer/flags.h"
#include "tests/support/peer/text.h"

namespace fairlead::hammer {
namespace {

constexpr char kHelp[] = R"(hammer: sends requests over keep-alive connections and checks every response.

  --target=IP:PORT          where to
  --connections=N           at once (default 1)
  --requests=N, --duration=5s
                            how many, how long; neither: until SIGTERM or SIGINT
  --rate=N                  requests a second, all connections together (default: as fast as they go)
  --method=GET --path=/ --host=hammer.test --header='name: value' --body_bytes=N
                            what is sent; several --path take turns
  --expect_status=200       repeated: any of them
  --expect_origin=NAME      the X-Origin of the response to the --path in the same place
  --expect_bytes=N, --expect_pattern
                            the length of bodies; that they hold the origin's pattern
  --timeout=10s             for connecting, and for each wait
  --tag=h                   X-Request-Tag is this, the client's number, '-', and the request's
  --log=FILE                a line for each request: start ns, end ns, status (0: none), X-Origin (-: none), path, tag,
                            "ok" or the kind of failure
  --progress                prints {"progress": N} fifty times a second

It ends with one line of JSON. Exit code 0: no request failed; 1: some did; 2: it could not run.
)";

}  // namespace

absl::StatusOr<Options> ParseOptions(int argc, char** argv) {
  absl::StatusOr<peer::Flags> flags =
      peer::Flags::Parse(argc, argv,
                         {"help", "target", "connections", "requests", "duration", "rate", "method", "path", "host",
                          "header", "body_bytes", "expect_status", "expect_origin", "expect_bytes", "expect_pattern",
                          "timeout", "tag", "log", "progress"});
  if (!flags.ok()) return flags.status();
  if (flags->Has("help")) return absl::CancelledError(kHelp);

  Options options;
  options.address = flags->String("target", "");
  if (options.address.empty()) return absl::InvalidArgumentError("--target is missing");

  struct NumberFlag {
    const char* name;
    uint64_t* value;
  };
  uint64_t requests = 0;
  uint64_t expected_bytes = 0;
  for (NumberFlag flag : {NumberFlag{"connections", &options.connections},
                          {"rate", &options.rate},
                          {"body_bytes", &options.body_bytes},
                          {"requests", &requests},
                          {"expect_bytes", &expected_bytes}}) {
    absl::StatusOr<uint64_t> number = flags->Number(flag.name, *flag.value);
    if (!number.ok()) return number.status();
    *flag.value = *number;
  }
  if (flags->Has("requests")) options.requests = requests;
  if (flags->Has("expect_bytes")) options.expected_bytes = expected_bytes;

  absl::StatusOr<std::chrono::milliseconds> duration = flags->Duration("duration", {});
  if (!duration.ok()) return duration.status();
  if (flags->Has("duration")) options.duration = *duration;
  absl::StatusOr<std::chrono::milliseconds> time_limit = flags->Duration("timeout", options.time_limit);
  if (!time_limit.ok()) return time_limit.status();
  options.time_limit = *time_limit;

  options.method = flags->String("method", options.method);
  options.host = flags->String("host", options.host);
  options.headers = flags->List("header");
  options.expect_pattern = flags->Has("expect_pattern");
  options.tag = flags->String("tag", options.tag);
  options.log_path = flags->String("log", "");
  options.shows_progress = flags->Has("progress");

  for (const std::string& path : flags->List("path")) options.targets.push_back({path, ""});
  if (options.targets.empty()) options.targets.push_back({"/", ""});
  std::vector<std::string> origins = flags->List("expect_origin");
  if (origins.size() > options.targets.size()) {
    return absl::InvalidArgumentError("more --expect_origin than --path");
  }
  for (size_t i = 0; i < origins.size(); ++i) options.targets[i].expected_origin = origins[i];
  if (flags->Has("expect_status")) options.expected_statuses.clear();
  for (const std::string& text : flags->List("expect_status")) {
    std::optional<uint64_t> status = peer::ParseNumber(text);
    if (!status) return absl::InvalidArgumentError(peer::Concat("--expect_status: not a number: ", text));
    options.expected_statuses.insert(*status);
  }
  return options;
}

}  // namespace fairlead::hammer
