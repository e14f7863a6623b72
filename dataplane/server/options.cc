#include "dataplane/server/options.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "api/yaml/nearest_name.h"

namespace fairlead::server {

const char kHelp[] =
    R"(fairlead [FLAG…]

A reverse proxy that starts empty and is programmed at run time, over gRPC.

  --control=HOST:PORT,…         controllers to dial; the next one when one fails or does not lead; pauses: docs/API.md
  --control_listen=ADDRESS,…    where controllers and fairleadctl dial: HOST:PORT or unix:PATH
  --control_ca=FILE --control_cert=FILE --control_key=FILE   mTLS, PEM; likewise --admin_…, --health_…: docs/TLS.md
  --control_server_name=NAME    in controllers' certificates; default: the address that is dialled
  --admin_listen=ADDRESS,…      HTTP: /live, /ready, /metrics, /status
  --health_listen=ADDRESS,…     the line protocol for reports of health
  --access_log=DESTINATION      file:PATH, stdout, stderr, syslog:unix:PATH, syslog:IP:PORT; SIGHUP reopens the file
  --workers=N --tls_threads=N   threads that serve, and that do handshakes for busy ones; default: one a processor each
  --io=auto|io_uring|epoll --server_metrics=on|off   default auto: the best that works; whether /metrics has each server
  --max_buffer_bytes=512MiB     what buffers may take in all; default: a quarter of the memory; see docs/LIMITS.md
  --state_dir=DIR --state_wait=1s   what is applied is saved there and served again after a restart: docs/STATE.md
  --node_id=NAME --zone=NAME    what controllers are told; default: the host's name, and none
  --heartbeat_timeout=15s, --heartbeat_interval=5s   silence that ends a control stream; that a heartbeat breaks
  --drain_timeout=30s           how long SIGTERM waits for requests to end
  --help, --version

Prints a line for each socket ("admin listening on 127.0.0.1:9901"); port 0 lets the system choose. Beyond loopback
all of them need mTLS, and are refused without (but for --insecure_admin=on). SIGTERM drains and ends; a second one ends.

Example: fairlead --control_listen=unix:/run/fairlead.sock --admin_listen=127.0.0.1:9901
)";

namespace {

absl::Status Wrong(const std::string& flag, const std::string& why) {
  return absl::InvalidArgumentError(absl::StrCat("--", flag, ": ", why));
}

absl::Status SetWorkers(const std::string& flag, const std::string& value, Options& options) {
  constexpr int kMaxWorkers = 1024;
  if (!absl::SimpleAtoi(value, &options.workers) || options.workers < 1 || options.workers > kMaxWorkers) {
    return Wrong(flag, absl::StrCat("want a number from 1 to ", kMaxWorkers, ", not \"", value, "\""));
  }
  return absl::OkStatus();
}

absl::Status SetTlsThreads(const std::string& flag, const std::string& value, Options& options) {
  constexpr int kMaxThreads = 1024;
  if (!absl::SimpleAtoi(value, &options.tls_threads) || options.tls_threads < 0 || options.tls_threads > kMaxThreads) {
    return Wrong(flag, absl::StrCat("want a number from 0 to ", kMaxThreads, ", not \"", value, "\""));
  }
  return absl::OkStatus();
}

absl::Status SetIo(const std::string& flag, const std::string& value, Options& options) {
  if (value == "auto") {
    options.io = event::IoBackend::kAuto;
  } else if (value == "io_uring") {
    options.io = event::IoBackend::kIoUring;
  } else if (value == "epoll") {
    options.io = event::IoBackend::kEpoll;
  } else {
    return Wrong(flag, absl::StrCat("want auto, io_uring or epoll, not \"", value, "\""));
  }
  return absl::OkStatus();
}

absl::Status SetSwitch(const std::string& flag, const std::string& value, bool& on) {
  if (value != "on" && value != "off") return Wrong(flag, absl::StrCat("want on or off, not \"", value, "\""));
  on = value == "on";
  return absl::OkStatus();
}

absl::Status SetDuration(const std::string& flag, const std::string& value, std::chrono::milliseconds& duration) {
  absl::Duration parsed;
  if (!absl::ParseDuration(value, &parsed) || parsed < absl::Milliseconds(1) || parsed > absl::Hours(24)) {
    return Wrong(flag, absl::StrCat("want a duration from 1ms to 24h (\"500ms\", \"15s\"), not \"", value, "\""));
  }
  duration = absl::ToChronoMilliseconds(parsed);
  return absl::OkStatus();
}

absl::Status SetStateWait(const std::string& flag, const std::string& value, Options& options) {
  if (value == "0" || value == "0s" || value == "0ms") {
    options.state_wait = std::chrono::milliseconds(0);
    return absl::OkStatus();
  }
  return SetDuration(flag, value, options.state_wait);
}

// "1000000", "64MiB", "2GiB".
absl::Status SetBytes(const std::string& flag, const std::string& value, uint64_t& bytes) {
  const size_t digits = std::min(value.find_first_not_of("0123456789"), value.size());
  const std::string unit = value.substr(digits);
  const int shift = unit.empty() ? 0 : unit == "KiB" ? 10 : unit == "MiB" ? 20 : unit == "GiB" ? 30 : -1;
  constexpr uint64_t kMaximum = uint64_t{1} << 50;
  if (shift < 0 || !absl::SimpleAtoi(value.substr(0, digits), &bytes) || bytes == 0 || bytes > kMaximum >> shift) {
    return Wrong(flag, absl::StrCat("want bytes, or a number of KiB, MiB or GiB (\"512MiB\"), not \"", value, "\""));
  }
  bytes <<= shift;
  return absl::OkStatus();
}

absl::Status SetList(const std::string& flag, const std::string& value, std::vector<std::string>& list) {
  for (const std::string& member : std::vector<std::string>(absl::StrSplit(value, ','))) {
    if (member.empty()) return Wrong(flag, "an address is empty");
    list.push_back(member);
  }
  return absl::OkStatus();
}

absl::Status SetAccessLog(const std::string& flag, const std::string& value, Options& options) {
  absl::StatusOr<access_log::DestinationSpec> spec = access_log::DestinationSpec::Parse(value);
  if (!spec.ok()) return Wrong(flag, std::string(spec.status().message()));
  options.access_log = *std::move(spec);
  return absl::OkStatus();
}

using Setter = absl::Status (*)(const std::string& flag, const std::string& value, Options& options);

template <std::vector<std::string> Options::* member>
absl::Status List(const std::string& flag, const std::string& value, Options& options) {
  return SetList(flag, value, options.*member);
}

template <bool Options::* member>
absl::Status Switch(const std::string& flag, const std::string& value, Options& options) {
  return SetSwitch(flag, value, options.*member);
}

template <std::chrono::milliseconds Options::* member>
absl::Status Time(const std::string& flag, const std::string& value, Options& options) {
  return SetDuration(flag, value, options.*member);
}

template <std::string Options::* member>
absl::Status Text(const std::string&, const std::string& value, Options& options) {
  options.*member = value;
  return absl::OkStatus();
}

template <api::MutualTls Options::* tls, std::string api::MutualTls::* member>
absl::Status Tls(const std::string&, const std::string& value, Options& options) {
  options.*tls.*member = value;
  return absl::OkStatus();
}

absl::Status SetMaxBufferBytes(const std::string& flag, const std::string& value, Options& options) {
  return SetBytes(flag, value, options.max_buffer_bytes);
}

// All that take a value.
constexpr std::pair<std::string_view, Setter> kFlags[] = {
    {"control", List<&Options::control>},
    {"control_listen", List<&Options::control_listen>},
    {"control_ca", Tls<&Options::control_tls, &api::MutualTls::ca>},
    {"control_cert", Tls<&Options::control_tls, &api::MutualTls::certificate>},
    {"control_key", Tls<&Options::control_tls, &api::MutualTls::key>},
    {"control_server_name", Tls<&Options::control_tls, &api::MutualTls::server_name>},
    {"admin_listen", List<&Options::admin_listen>},
    {"admin_ca", Tls<&Options::admin_tls, &api::MutualTls::ca>},
    {"admin_cert", Tls<&Options::admin_tls, &api::MutualTls::certificate>},
    {"admin_key", Tls<&Options::admin_tls, &api::MutualTls::key>},
    {"insecure_admin", Switch<&Options::insecure_admin>},
    {"health_listen", List<&Options::health_listen>},
    {"health_ca", Tls<&Options::health_tls, &api::MutualTls::ca>},
    {"health_cert", Tls<&Options::health_tls, &api::MutualTls::certificate>},
    {"health_key", Tls<&Options::health_tls, &api::MutualTls::key>},
    {"access_log", SetAccessLog},
    {"workers", SetWorkers},
    {"tls_threads", SetTlsThreads},
    {"io", SetIo},
    {"server_metrics", Switch<&Options::server_metrics>},
    {"max_buffer_bytes", SetMaxBufferBytes},
    {"state_dir", Text<&Options::state_dir>},
    {"state_wait", SetStateWait},
    {"node_id", Text<&Options::node_id>},
    {"zone", Text<&Options::zone>},
    {"heartbeat_timeout", Time<&Options::heartbeat_timeout>},
    {"heartbeat_interval", Time<&Options::heartbeat_interval>},
    {"drain_timeout", Time<&Options::drain_timeout>},
};

absl::Status UnknownFlag(const std::string& flag) {
  std::vector<std::string_view> names = {"help", "version"};
  if (std::ranges::find(names, flag) != names.end()) return Wrong(flag, "takes no value");
  for (const auto& [name, setter] : kFlags) names.push_back(name);
  const std::string_view nearest = api::NearestName(flag, names);
  if (nearest.empty()) return Wrong(flag, "no such flag; see --help");
  return Wrong(flag, absl::StrCat("no such flag; did you mean --", std::string(nearest), "?"));
}

// What follows "--", such as "workers=2".
absl::Status SetFlag(const std::string& written, Options& options) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(written, absl::MaxSplits('=', 1));
  const auto& [flag, value] = parts;
  const auto* const known = std::ranges::find(kFlags, flag, &std::pair<std::string_view, Setter>::first);
  if (known == std::end(kFlags)) return UnknownFlag(flag);
  if (value.empty()) return Wrong(flag, absl::StrCat("needs a value: --", flag, "=…"));
  return known->second(flag, value, options);
}

}  // namespace

absl::StatusOr<Options> ParseOptions(const std::vector<std::string>& arguments) {
  Options options;
  for (const std::string& argument : arguments) {
    if (argument == "--help" || argument == "-h") {
      options.help = true;
    } else if (argument == "--version") {
      options.version = true;
    } else if (argument.compare(0, 2, "--") != 0) {
      return absl::InvalidArgumentError(absl::StrCat("\"", argument, "\" is no flag; see --help"));
    } else {
      if (absl::Status status = SetFlag(argument.substr(2), options); !status.ok()) return status;
    }
  }
  if (options.help || options.version) return options;
  if (options.heartbeat_interval.count() == 0) {
    options.heartbeat_interval = std::max(options.heartbeat_timeout / 3, std::chrono::milliseconds(1));
  }
  if (options.heartbeat_timeout <= options.heartbeat_interval) {
    return Wrong("heartbeat_timeout", "must be longer than --heartbeat_interval");
  }
  const std::pair<const api::MutualTls*, const char*> sockets[] = {
      {&options.control_tls, "--control_"}, {&options.admin_tls, "--admin_"}, {&options.health_tls, "--health_"}};
  for (const auto& [tls, prefix] : sockets) {
    if (absl::Status status = api::CheckMutualTls(*tls, prefix); !status.ok()) return status;
  }
  if (options.control.empty() && options.control_listen.empty()) {
    return absl::InvalidArgumentError("nobody could program it: give --control or --control_listen; see --help");
  }
  if (options.workers == 0) options.workers = std::max(1u, std::thread::hardware_concurrency());
  if (options.tls_threads < 0) options.tls_threads = options.workers;
  return options;
}

}  // namespace fairlead::server
