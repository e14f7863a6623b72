#include "prober/check_settings.h"

#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "api/yaml/concat.h"
#include "api/yaml/scalars.h"
#include "api/yaml/yaml.h"
#include "dataplane/tls/certificate.h"
#include "dataplane/tls/trust_bundle.h"
#include "prober/check_faults.h"
#include "prober/http_settings.h"

namespace fairlead::prober {
namespace {

constexpr uint64_t kHour = 3'600'000;

uint64_t ToMs(const google::protobuf::Duration& duration) {
  if (duration.seconds() < 0 || duration.nanos() < 0) return 0;
  return static_cast<uint64_t>(duration.seconds()) * 1'000 + static_cast<uint64_t>(duration.nanos()) / 1'000'000;
}

std::string Text(uint64_t ms) {
  return api::FormatDuration({static_cast<int64_t>(ms / 1000), static_cast<int32_t>(ms % 1000 * 1'000'000)});
}

struct Span {
  std::string_view name;
  uint64_t least, most, otherwise;
};

// What `duration`, if given, says; a fault where that is not within the span.
uint64_t ReadSpan(const google::protobuf::Duration* duration, const Span& span, const CheckFaults& faults) {
  if (duration == nullptr) return span.otherwise;
  const uint64_t ms = ToMs(*duration);
  if (ms < span.least || ms > span.most) {
    faults.In(span.name).Add("want ", Text(span.least), " to ", Text(span.most), ", not ",
                             api::FormatDuration({duration->seconds(), duration->nanos()}));
  }
  return ms;
}

uint32_t ReadCount(std::string_view name, uint32_t count, uint32_t otherwise, const CheckFaults& faults) {
  if (count > 100) faults.In(name).Add("want 1 to 100, not ", count);
  return count == 0 ? otherwise : count;
}

const std::string& TextOf(const v1::DataSource& source) {
  return source.has_inline_bytes() ? source.inline_bytes() : source.inline_string();
}

std::shared_ptr<const tls::TrustBundle> CompileTrust(const v1::CheckTls& tls, const CheckFaults& faults) {
  if (tls.insecure_skip_verify()) {
    if (tls.has_ca()) faults.In("ca").Add("not with insecure_skip_verify");
    return nullptr;
  }
  if (!tls.has_ca()) {
    auto system = tls::TrustBundle::System();
    if (!system.ok()) faults.Add(std::string(system.status().message()));
    return system.ok() ? *std::move(system) : nullptr;
  }
  std::vector<tls::TrustFault> found;
  auto trust = tls::TrustBundle::Parse(TextOf(tls.ca()), "", found);
  for (const tls::TrustFault& fault : found) faults.In("ca").Add(fault.text);
  return trust;
}

std::shared_ptr<const tls::Certificate> CompileCertificate(const v1::CheckTls& tls, const CheckFaults& faults) {
  if (!tls.has_certificate() && !tls.has_key()) return nullptr;
  std::vector<tls::CertificateFault> found;
  auto certificate = tls::Certificate::Parse(
      {.chain = TextOf(tls.certificate()), .key = TextOf(tls.key()), .ocsp_response = {}}, std::time(nullptr), found);
  for (const tls::CertificateFault& fault : found) {
    faults.In(fault.part == tls::CertificateFault::Part::kKey ? "key" : "certificate").Add(fault.text);
  }
  return certificate;
}

std::shared_ptr<const tls::ClientContext> CompileTls(const v1::Check& check, const CheckFaults& faults) {
  const v1::CheckTls& tls = check.tls();
  if (check.kind_case() == v1::Check::kCommand) faults.Add("a command speaks for itself");
  if (tls.server_name().empty() && !tls.insecure_skip_verify()) {
    faults.In("server_name").Add("required, unless insecure_skip_verify");
  }
  tls::ClientSettings settings;
  settings.server_name = tls.server_name();
  settings.trust = CompileTrust(tls, faults);
  settings.certificate = CompileCertificate(tls, faults);
  if (check.kind_case() == v1::Check::kHttp) settings.protocols = {"http/1.1"};
  if (check.kind_case() == v1::Check::kGrpc) settings.protocols = {"h2"};
  auto context = tls::ClientContext::Create(std::move(settings));
  if (context.ok()) return *std::move(context);
  faults.Add(std::string(context.status().message()));
  return nullptr;
}

GrpcSettings CompileGrpc(const v1::GrpcCheck& check, const CheckFaults& faults) {
  if (check.service().size() > 1'024) faults.In("service").Add("at most 1024 bytes");
  if (!check.authority().empty() && !IsAuthority(check.authority())) {
    faults.In("authority").Add("want a name or an address, with a port or without, not \"", check.authority(), "\"");
  }
  return {.service = check.service(), .authority = check.authority()};
}

CommandSettings CompileCommand(const v1::CommandCheck& check, const CheckFaults& faults) {
  if (check.argv_size() == 0 || check.argv(0).empty()) faults.In("argv").Add("want a program, and its arguments");
  for (int i = 0; i < check.argv_size(); ++i) {
    if (check.argv(i).find('\0') != std::string::npos) faults.At("argv", i).Add("a NUL byte");
  }
  return {.argv = {check.argv().begin(), check.argv().end()}};
}

std::shared_ptr<const CheckSettings> CompileCheck(const v1::Check& check, const CheckFaults& faults) {
  auto settings = std::make_shared<CheckSettings>();
  const uint64_t interval =
      ReadSpan(check.has_interval() ? &check.interval() : nullptr, {"interval", 10, kHour, 5'000}, faults);
  settings->interval_ms = interval;
  settings->timeout_ms = ReadSpan(check.has_timeout() ? &check.timeout() : nullptr,
                                  {"timeout", 1, interval, std::min<uint64_t>(1'000, interval)}, faults);
  settings->retry_interval_ms = ReadSpan(check.has_retry_interval() ? &check.retry_interval() : nullptr,
                                         {"retry_interval", 1, interval, std::max<uint64_t>(1, interval / 5)}, faults);
  settings->rise = ReadCount("rise", check.rise(), 2, faults);
  settings->fall = ReadCount("fall", check.fall(), 3, faults);
  const uint64_t least_ttl = std::max<uint64_t>(10, interval + settings->timeout_ms + interval / 10);
  settings->ttl_ms = ReadSpan(check.has_ttl() ? &check.ttl() : nullptr,
                              {"ttl", least_ttl, 24 * kHour, 2 * interval + settings->decision_ms()}, faults);
  if (check.port() > 65'535) faults.In("port").Add("want 1 to 65535, not ", check.port());
  settings->port = static_cast<uint16_t>(check.port());
  if (check.has_tls()) settings->tls = CompileTls(check, faults.In("tls"));
  if (check.has_http()) settings->kind = CompileHttp(check.http(), faults.In("http"));
  if (check.has_grpc()) settings->kind = CompileGrpc(check.grpc(), faults.In("grpc"));
  if (check.has_command()) settings->kind = CompileCommand(check.command(), faults.In("command"));
  return settings;
}

// What a backend says goes before what all do.
v1::Check Merge(const v1::Check& defaults, const v1::Check& own) {
  v1::Check merged = defaults;
  if (own.kind_case() != v1::Check::KIND_NOT_SET) merged.clear_kind();
  if (own.has_tls()) merged.clear_tls();
  // Fields of a message in a message would be joined: 1 s and 250 ms to 1.25 s.
  if (own.has_interval()) merged.clear_interval();
  if (own.has_timeout()) merged.clear_timeout();
  if (own.has_retry_interval()) merged.clear_retry_interval();
  if (own.has_ttl()) merged.clear_ttl();
  merged.MergeFrom(own);
  return merged;
}

absl::StatusOr<std::string> ReadFile(const std::string& file) {
  if (std::filesystem::is_directory(file)) return absl::InvalidArgumentError(api::Concat(file, ": is a directory"));
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return absl::InvalidArgumentError(api::Concat(file, ": ", std::generic_category().message(errno)));
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

}  // namespace

uint64_t CheckSettings::decision_ms() const {
  const auto latest = [](uint64_t period) { return period + period / 10; };
  return latest(interval_ms) + (fall - 1) * latest(retry_interval_ms) + fall * timeout_ms;
}

std::string_view CheckSettings::kind_name() const {
  if (std::holds_alternative<HttpSettings>(kind)) return tls != nullptr ? "https" : "http";
  if (std::holds_alternative<GrpcSettings>(kind)) return tls != nullptr ? "grpcs" : "grpc";
  if (std::holds_alternative<CommandSettings>(kind)) return "command";
  return tls != nullptr ? "tls" : "tcp";
}

CheckPlan CheckPlan::Default() { return *Compile({}); }

absl::StatusOr<CheckPlan> CheckPlan::Compile(const v1::ProberConfig& config) {
  std::vector<std::string> all;
  const CheckFaults faults(&all, "");
  CheckPlan plan;
  plan.defaults_ = CompileCheck(config.defaults(), faults.In("defaults"));
  // What is wrong with the defaults is said once.
  const bool defaults_are_right = all.empty();
  for (int i = 0; i < config.backends_size(); ++i) {
    const v1::BackendCheck& backend = config.backends(i);
    const CheckFaults in_backend = faults.In(api::Concat("backends[\"", backend.id(), "\"]"));
    if (backend.id().empty()) faults.At("backends", static_cast<size_t>(i)).In("id").Add("required");
    if (plan.backends_.contains(backend.id())) in_backend.Add("given twice");
    std::shared_ptr<const CheckSettings>& check = plan.backends_[backend.id()];
    if (backend.skip()) {
      if (backend.has_check()) in_backend.Add("a check, or skip, not both");
    } else if (defaults_are_right) {
      check = CompileCheck(Merge(config.defaults(), backend.check()), in_backend.In("check"));
    }
  }
  if (!all.empty()) return absl::InvalidArgumentError(api::Join(all, "\n"));
  return plan;
}

absl::StatusOr<CheckPlan> CheckPlan::Read(const std::string& file) {
  const absl::StatusOr<std::string> text = ReadFile(file);
  if (!text.ok()) return text.status();
  const std::string parent = std::filesystem::path(file).parent_path().string();
  v1::ProberConfig config;
  const absl::Status parsed =
      api::ParseYaml(*text, {.file_name = file, .base_directory = parent.empty() ? "." : parent}, &config);
  if (!parsed.ok()) return parsed;
  absl::StatusOr<CheckPlan> plan = Compile(config);
  if (plan.ok()) return plan;
  return absl::InvalidArgumentError(api::Concat(file, ":\n", std::string(plan.status().message())));
}

const std::shared_ptr<const CheckSettings>& CheckPlan::Of(std::string_view backend) const {
  const auto found = backends_.find(std::string(backend));
  return found == backends_.end() ? defaults_ : found->second;
}

}  // namespace fairlead::prober
