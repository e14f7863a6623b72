#include "prober/options.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <string_view>

#include "api/yaml/concat.h"
#include "api/yaml/scalars.h"
#include "ctl/arguments.h"

namespace fairlead::prober {

const char kHelp[] =
    R"(fairlead_prober [FLAG…]

Checks servers and reports their health to every proxy of a fleet. Several probers share the servers out.

  --proxies=ADDRESS,…         whom to report to: HOST:PORT or unix:PATH; also where the servers are learnt
  --ca=FILE --cert=FILE --key=FILE --server_name=NAME   mTLS toward them, PEM; or FAIRLEAD_CA, …
  --servers=FILE              the servers instead: YAML, as fairleadctl applies it; SIGHUP reads it again
  --config=FILE               how to check: YAML, docs/PROBER.md; default: TCP every 5 s; SIGHUP reads it again
  --id=NAME                   of this prober, its name as a reporter; default: the host's name
  --replicas=2                how many probers check each server
  --peer_listen=ADDRESS       where other probers' beats come, UDP IP:PORT or unix:PATH; default: there are none
  --peers=ADDRESS,…           where theirs come; this prober's own may be among them
  --peer_key=FILE             a secret that all of them share; needed beyond this machine
  --peer_timeout=1s           silence after which a prober is gone, and its share the others'
  --proxy_timeout=2s          silence after which a proxy is not reached
  --admin_listen=ADDRESS,…    HTTP: /metrics, /healthz, /servers; beyond this machine with --insecure_admin=true
  --max_checks=4096 --max_commands=64   that run at a time
  --io=auto|io_uring|epoll
  --once                      checks every server once, prints a table, and ends with 1 if any is down
  --help, --version

Example: fairlead_prober --proxies=unix:/run/fairlead.sock --config=checks.yaml --admin_listen=127.0.0.1:9902
)";

namespace {

constexpr std::string_view kListFlags[] = {"proxies", "peers", "admin_listen"};

std::vector<ctl::Flag> Flags() {
  std::vector<ctl::Flag> flags;
  for (std::string_view name :
       {"proxies", "ca", "cert", "key", "server_name", "servers", "config", "id", "replicas", "peer_listen", "peers",
        "peer_key", "peer_timeout", "proxy_timeout", "admin_listen", "max_checks", "max_commands", "io"}) {
    const bool repeated = std::ranges::find(kListFlags, name) != std::end(kListFlags);
    flags.push_back({.name = name, .value = "VALUE", .help = "", .repeated = repeated});
  }
  for (std::string_view name : {"insecure_admin", "once", "help", "version"}) {
    flags.push_back({.name = name, .value = "", .help = ""});
  }
  return flags;
}

absl::Status Wrong(std::string_view flag, std::string_view wanted, std::string_view value) {
  return absl::InvalidArgumentError(api::Concat("--", flag, ": want ", wanted, ", not \"", value, "\""));
}

// Values of a flag, each a list.
absl::Status ReadList(const ctl::Arguments& arguments, std::string_view flag, std::vector<std::string>& list) {
  for (const std::string& value : arguments.GetAll(flag)) {
    std::stringstream members(value + ",");
    for (std::string member; std::getline(members, member, ',');) {
      if (member.empty()) return Wrong(flag, "addresses", value);
      list.push_back(member);
    }
  }
  return absl::OkStatus();
}

absl::Status ReadNumber(const ctl::Arguments& arguments, std::string_view flag, uint32_t most, uint32_t& number) {
  if (!arguments.Has(flag)) return absl::OkStatus();
  const std::string text = arguments.Get(flag, "");
  const std::optional<uint64_t> value = api::ParseUnsigned(text);
  if (!value || *value < 1 || *value > most) return Wrong(flag, api::Concat("1 to ", most), text);
  number = static_cast<uint32_t>(*value);
  return absl::OkStatus();
}

absl::Status ReadSpan(const ctl::Arguments& arguments, std::string_view flag, std::chrono::milliseconds& span) {
  if (!arguments.Has(flag)) return absl::OkStatus();
  const std::string text = arguments.Get(flag, "");
  const auto duration = api::ParseDuration(text);
  constexpr int64_t kMostSeconds = 3'600;
  if (duration && duration->seconds >= 0 && duration->seconds <= kMostSeconds) {
    span = std::chrono::milliseconds(duration->seconds * 1'000 + duration->nanos / 1'000'000);
    if (span.count() >= 10) return absl::OkStatus();
  }
  return Wrong(flag, "a duration from 10ms to 1h", text);
}

absl::Status ReadIo(const ctl::Arguments& arguments, event::IoBackend& io) {
  const std::string text = arguments.Get("io", "auto");
  if (text != "auto" && text != "io_uring" && text != "epoll") return Wrong("io", "auto, io_uring or epoll", text);
  io = text == "epoll"      ? event::IoBackend::kEpoll
       : text == "io_uring" ? event::IoBackend::kIoUring
                            : event::IoBackend::kAuto;
  return absl::OkStatus();
}

std::string HostName() {
  char name[256] = {};
  return gethostname(name, sizeof(name) - 1) == 0 && name[0] != '\0' ? name : "fairlead_prober";
}

// As the proxy takes a reporter's name (HealthReport.reporter).
bool IsReporterName(std::string_view name) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-";
  return !name.empty() && name.size() <= 128 && name.find_first_not_of(kAllowed) == std::string_view::npos &&
         name != "controller";
}

absl::Status CheckTogether(const Options& options) {
  if (!IsReporterName(options.id)) {
    return Wrong("id", "1 to 128 letters, digits, '.', '_', ':', '-', and not \"controller\"", options.id);
  }
  if (options.proxies.empty() && options.servers.empty()) {
    return absl::InvalidArgumentError("nobody says what to check: give --proxies or --servers; see --help");
  }
  if (options.proxies.empty() && !options.once && options.admin_listen.empty()) {
    return absl::InvalidArgumentError("nobody would hear of it: give --proxies, --admin_listen or --once; see --help");
  }
  if (options.peers.empty() != options.peer_listen.empty()) {
    return absl::InvalidArgumentError("probers hear of each other by --peer_listen and --peers: give both, or neither");
  }
  return api::CheckMutualTls(options.tls, "--");
}

}  // namespace

absl::StatusOr<Options> ParseOptions(const std::vector<std::string>& words,
                                     const std::function<std::string(const std::string&)>& variable) {
  const absl::StatusOr<ctl::Arguments> arguments = ctl::Arguments::Parse(words, Flags());
  if (!arguments.ok()) return arguments.status();
  if (!arguments->words().empty()) {
    return absl::InvalidArgumentError(api::Concat("\"", arguments->words()[0], "\" is no flag; see --help"));
  }
  for (const std::string& flag : arguments->given()) {
    if (arguments->Get(flag, "").empty()) return absl::InvalidArgumentError(api::Concat("--", flag, ": needs a value"));
  }
  Options options;
  options.help = arguments->IsOn("help");
  options.version = arguments->IsOn("version");
  if (options.help || options.version) return options;
  options.once = arguments->IsOn("once");
  options.insecure_admin = arguments->IsOn("insecure_admin");
  options.id = arguments->Get("id", HostName());
  options.config = arguments->Get("config", "");
  options.servers = arguments->Get("servers", "");
  options.peer_listen = arguments->Get("peer_listen", "");
  options.peer_key = arguments->Get("peer_key", "");
  options.tls = {.ca = arguments->Get("ca", variable("FAIRLEAD_CA")),
                 .certificate = arguments->Get("cert", variable("FAIRLEAD_CERT")),
                 .key = arguments->Get("key", variable("FAIRLEAD_KEY")),
                 .server_name = arguments->Get("server_name", variable("FAIRLEAD_SERVER_NAME"))};
  for (const absl::Status& status :
       {ReadList(*arguments, "proxies", options.proxies), ReadList(*arguments, "peers", options.peers),
        ReadList(*arguments, "admin_listen", options.admin_listen),
        ReadNumber(*arguments, "replicas", 100, options.replicas),
        ReadNumber(*arguments, "max_checks", 1'000'000, options.max_checks),
        ReadNumber(*arguments, "max_commands", 10'000, options.max_commands),
        ReadSpan(*arguments, "peer_timeout", options.peer_timeout),
        ReadSpan(*arguments, "proxy_timeout", options.proxy_timeout), ReadIo(*arguments, options.io)}) {
    if (!status.ok()) return status;
  }
  if (absl::Status status = CheckTogether(options); !status.ok()) return status;
  return options;
}

}  // namespace fairlead::prober
