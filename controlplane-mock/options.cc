#include "controlplane-mock/options.h"

#include <cstdlib>
#include <functional>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "controlplane-mock/misbehaviour.h"

namespace fairlead::controlplane_mock {

const char kHelp[] =
    R"(controlplane_mock [FLAG…] FILE.yaml|DIRECTORY…|--store=etcd://HOST:PORT,…/PREFIX

A controller for Fairlead's proxies: serves YAML files, watches them, and sends each proxy what changed.

  --listen=HOST:PORT|unix:PATH   where proxies dial; default 127.0.0.1:0, prints "listening on …"
  --dial=ADDRESS,…               proxies that listen (fairlead --control_listen=…)
  --ca=FILE --cert=FILE --key=FILE --server_name=NAME   mTLS of both; default: $FAIRLEAD_CA and so on
  --store=etcd://HOST:PORT,…/PREFIX   serves what is in PREFIX/config/; of several controllers, one
  --name=NAME --lease_ttl=SECONDS     of this one in the store; default: HOST:PID, and 5
  --store_ca=FILE --store_cert=FILE --store_key=FILE --store_server_name=NAME   mTLS with the store
  --leader_epoch=N               of every transaction; default: none, or the leader key's revision
  --fleet_commit, --fleet_lead|pause|hold|max_skew=TIME  all proxies change at one time or none: README
  --force                        overwrite what somebody else wrote to a proxy without looking at it
  --status_file=PATH             always holds the state of all proxies, as JSON
  --scenario=FILE                plays a timeline of changes and expectations: see README.md
  --exit_after_scenario          ends after it: with 0 if every step passed, else with 1
  --misbehave=KIND,…             done to each proxy once it is up to date: drop_stream, repeat_id,
                                 reuse_id, stale_epoch, garbage, unknown_message, many_violations,
                                 unparsable_bytes, silence, flood, half_snapshot
  --help, --version

Addresses beyond loopback need mTLS; unix sockets do without. SIGTERM and SIGINT end it.

Example: controlplane_mock --listen=127.0.0.1:7000 docs/examples/quickstart.yaml
)";

namespace {

absl::Status Wrong(const std::string& flag, const std::string& why) {
  return absl::InvalidArgumentError(absl::StrCat(flag, ": ", why));
}

// Without mTLS nothing goes beyond this machine: certificates' keys are among what is sent.
absl::Status CheckAddress(const std::string& flag, const std::string& address, bool has_mutual_tls,
                          const char* needed = "--ca, --cert and --key") {
  if (absl::StartsWith(address, "unix:") && address.size() > 5) return absl::OkStatus();
  const size_t colon = address.rfind(':');
  const std::string host = address.substr(0, colon);
  uint32_t port = 0;
  if (colon == std::string::npos || !absl::SimpleAtoi(address.substr(colon + 1), &port) || port > 65535) {
    return Wrong(flag, absl::StrCat("not HOST:PORT or unix:PATH: \"", address, "\""));
  }
  if (has_mutual_tls || host == "localhost" || host == "[::1]" || absl::StartsWith(host, "127."))
    return absl::OkStatus();
  return Wrong(flag, absl::StrCat("\"", address, "\" is beyond loopback, which needs mTLS: give ", needed));
}

using Setter = std::function<absl::Status(const std::string& flag, const std::string& value, Options& options)>;

absl::Status SetListen(const std::string&, const std::string& value, Options& options) {
  options.listen = value;
  return absl::OkStatus();
}

absl::Status SetDial(const std::string&, const std::string& value, Options& options) {
  options.dial = absl::StrSplit(value, ',', absl::SkipEmpty());
  return absl::OkStatus();
}

absl::Status SetLeaderEpoch(const std::string& flag, const std::string& value, Options& options) {
  uint64_t epoch = 0;
  if (!absl::SimpleAtoi(value, &epoch)) return Wrong(flag, absl::StrCat("not a number: \"", value, "\""));
  options.leader_epoch = epoch;
  return absl::OkStatus();
}

Setter FleetTime(std::chrono::milliseconds FleetSettings::* member, std::chrono::milliseconds least,
                 std::chrono::milliseconds most) {
  return [=](const std::string& flag, const std::string& value, Options& options) {
    absl::Duration time;
    if (!absl::ParseDuration(value, &time) || time < absl::FromChrono(least) || time > absl::FromChrono(most)) {
      return Wrong(flag, absl::StrCat("want ", absl::FormatDuration(absl::FromChrono(least)), " to ",
                                      absl::FormatDuration(absl::FromChrono(most)), ", not \"", value, "\""));
    }
    options.fleet.*member = absl::ToChronoMilliseconds(time);
    return absl::OkStatus();
  };
}

absl::Status SetStore(const std::string& flag, const std::string& value, Options& options) {
  absl::StatusOr<etcd::StoreAddress> parsed = etcd::ParseStoreAddress(value);
  if (!parsed.ok()) return Wrong(flag, std::string(parsed.status().message()));
  options.store = *std::move(parsed);
  return absl::OkStatus();
}

absl::Status SetLeaseTtl(const std::string& flag, const std::string& value, Options& options) {
  uint32_t seconds = 0;
  if (!absl::SimpleAtoi(value, &seconds) || seconds < 2 || seconds > 3600) {
    return Wrong(flag, absl::StrCat("not 2 to 3600 seconds: \"", value, "\""));
  }
  options.lease_ttl = std::chrono::seconds(seconds);
  return absl::OkStatus();
}

absl::Status SetMisbehave(const std::string& flag, const std::string& value, Options& options) {
  absl::StatusOr<std::vector<Misbehaviour>> parsed = ParseMisbehaviours(value);
  if (!parsed.ok()) return Wrong(flag, std::string(parsed.status().message()));
  options.misbehave = *std::move(parsed);
  return absl::OkStatus();
}

Setter Text(std::string Options::* member) {
  return [member](const std::string& flag, const std::string& value, Options& options) {
    options.*member = value;
    return value.empty() ? Wrong(flag, "needs a value") : absl::OkStatus();
  };
}

Setter Tls(api::MutualTls Options::* tls, std::string api::MutualTls::* member) {
  return [tls, member](const std::string& flag, const std::string& value, Options& options) {
    options.*tls.*member = value;
    return value.empty() ? Wrong(flag, "needs a value") : absl::OkStatus();
  };
}

// Where no flag says it.
void FillFromEnvironment(api::MutualTls& tls) {
  const std::pair<const char*, std::string*> variables[] = {{"FAIRLEAD_CA", &tls.ca},
                                                            {"FAIRLEAD_CERT", &tls.certificate},
                                                            {"FAIRLEAD_KEY", &tls.key},
                                                            {"FAIRLEAD_SERVER_NAME", &tls.server_name}};
  for (const auto& [name, value] : variables) {
    const char* text = std::getenv(name);
    if (value->empty() && text != nullptr) *value = text;
  }
}

absl::Status CheckStore(const Options& options) {
  if (!options.paths.empty()) return Wrong("--store", "its documents are served, no files");
  if (options.leader_epoch) return Wrong("--leader_epoch", "with --store it is the revision of the leader's key");
  if (!options.scenario.empty()) return Wrong("--scenario", "not with --store: write to the store");
  if (absl::Status checked = api::CheckMutualTls(options.store_tls, "--store_"); !checked.ok()) return checked;
  for (const std::string& member : options.store->members) {
    absl::Status checked =
        CheckAddress("--store", member, options.store_tls.given(), "--store_ca, --store_cert and --store_key");
    if (!checked.ok()) return checked;
  }
  return absl::OkStatus();
}

absl::Status CheckAddresses(const Options& options) {
  if (!options.listen.empty()) {
    if (absl::Status checked = CheckAddress("--listen", options.listen, options.tls.given()); !checked.ok())
      return checked;
  }
  for (const std::string& address : options.dial) {
    if (absl::Status checked = CheckAddress("--dial", address, options.tls.given()); !checked.ok()) return checked;
  }
  return absl::OkStatus();
}

// Flags that take a value, and those that do not.
std::map<std::string, Setter> ValueFlags() {
  using std::chrono::minutes, std::chrono::seconds, std::chrono::milliseconds;
  return {{"--listen", SetListen},
          {"--dial", SetDial},
          {"--ca", Tls(&Options::tls, &api::MutualTls::ca)},
          {"--store_ca", Tls(&Options::store_tls, &api::MutualTls::ca)},
          {"--cert", Tls(&Options::tls, &api::MutualTls::certificate)},
          {"--store_cert", Tls(&Options::store_tls, &api::MutualTls::certificate)},
          {"--key", Tls(&Options::tls, &api::MutualTls::key)},
          {"--store_key", Tls(&Options::store_tls, &api::MutualTls::key)},
          {"--server_name", Tls(&Options::tls, &api::MutualTls::server_name)},
          {"--store_server_name", Tls(&Options::store_tls, &api::MutualTls::server_name)},
          {"--leader_epoch", SetLeaderEpoch},
          {"--store", SetStore},
          {"--lease_ttl", SetLeaseTtl},
          {"--name", Text(&Options::name)},
          {"--misbehave", SetMisbehave},
          {"--fleet_lead", FleetTime(&FleetSettings::lead, milliseconds(1), minutes(30))},
          {"--fleet_pause", FleetTime(&FleetSettings::pause, milliseconds(0), minutes(30))},
          {"--fleet_hold", FleetTime(&FleetSettings::hold_for, seconds(1), minutes(30))},
          {"--fleet_max_skew", FleetTime(&FleetSettings::max_skew, milliseconds(1), minutes(1))},
          {"--scenario", Text(&Options::scenario)},
          {"--status_file", Text(&Options::status_file)}};
}

std::map<std::string, bool Options::*> Switches() {
  return {{"--help", &Options::help},
          {"--version", &Options::version},
          {"--fleet_commit", &Options::fleet_commit},
          {"--force", &Options::force},
          {"--exit_after_scenario", &Options::exit_after_scenario}};
}

absl::Status SetFlag(const std::string& argument, Options& options) {
  const size_t equals = argument.find('=');
  const std::string flag = argument.substr(0, equals);
  const auto switches = Switches();
  if (const auto found = switches.find(flag); found != switches.end()) {
    if (equals != std::string::npos) return Wrong(flag, "takes no value");
    options.*found->second = true;
    return absl::OkStatus();
  }
  const auto value_flags = ValueFlags();
  const auto found = value_flags.find(flag);
  if (found == value_flags.end()) return Wrong(flag, "no such flag; see --help");
  if (equals == std::string::npos) return Wrong(flag, absl::StrCat("needs a value: ", flag, "=…"));
  return found->second(flag, argument.substr(equals + 1), options);
}

}  // namespace

absl::StatusOr<Options> ParseOptions(const std::vector<std::string>& arguments) {
  Options options;
  for (const std::string& argument : arguments) {
    if (!absl::StartsWith(argument, "-")) {
      options.paths.push_back(argument);
    } else if (absl::Status set = SetFlag(argument, options); !set.ok()) {
      return set;
    }
  }
  if (options.help || options.version) return options;
  if (options.store) {
    if (absl::Status checked = CheckStore(options); !checked.ok()) return checked;
  } else if (options.paths.empty()) {
    return absl::InvalidArgumentError("no FILE.yaml, DIRECTORY or --store given; see --help");
  }
  if (options.exit_after_scenario && options.scenario.empty())
    return Wrong("--exit_after_scenario", "needs --scenario");
  if (options.listen.empty() && options.dial.empty()) return Wrong("--listen", "neither listens nor dials");
  FillFromEnvironment(options.tls);
  if (absl::Status checked = api::CheckMutualTls(options.tls, "--"); !checked.ok()) return checked;
  if (absl::Status checked = CheckAddresses(options); !checked.ok()) return checked;
  return options;
}

}  // namespace fairlead::controlplane_mock
