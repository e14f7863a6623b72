#include "dataplane/control/client_tls_compiler.h"

#include <arpa/inet.h>

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/base/host_name.h"
#include "dataplane/control/credentials_compiler.h"
#include "dataplane/control/server_tls_compiler.h"
#include "dataplane/health/quote.h"
#include "dataplane/tls/client_context.h"

namespace fairlead::control {
namespace {

bool IsIpAddress(const std::string& text) {
  in6_addr unused;
  return inet_pton(AF_INET, text.c_str(), &unused) == 1 || inet_pton(AF_INET6, text.c_str(), &unused) == 1;
}

void CheckServerName(const v1::ClientTls& message, const Path& place, Violations& violations) {
  const std::string& name = message.server_name();
  if (name.empty()) {
    if (!message.insecure_skip_verify()) {
      violations.Invalid(Path(place, "server_name"), "missing; want the name in servers' certificates");
    }
  } else if (!base::IsHostName(name) && !IsIpAddress(name)) {
    violations.Invalid(Path(place, "server_name"),
                       base::StrCat("neither a host name nor an IP address: ", health::Quote(name)));
  }
}

// What is trusted where no bundle is named: read once.
absl::StatusOr<std::shared_ptr<const tls::TrustBundle>> SystemTrust() {
  static const auto* const roots =
      new absl::StatusOr<std::shared_ptr<const tls::TrustBundle>>(tls::TrustBundle::System());
  return *roots;
}

void CompileTrust(Compilation& compilation, const v1::ClientTls& message, const Path& place,
                  tls::ClientSettings& settings, config::BackendTls& compiled) {
  Violations& violations = compilation.violations;
  const Path trust_place(place, "trust");
  if (message.insecure_skip_verify()) {
    if (!message.trust().empty()) violations.Invalid(trust_place, "set, but insecure_skip_verify checks nothing");
    return;
  }
  if (message.trust().empty()) {
    absl::StatusOr<std::shared_ptr<const tls::TrustBundle>> roots = SystemTrust();
    if (roots.ok()) {
      settings.trust = *std::move(roots);
    } else {
      violations.Invalid(trust_place, base::StrCat("none given, and the system's roots can't be had: ",
                                                   base::FromAbsl(roots.status().message())));
    }
    return;
  }
  FoundTrustBundle found = FindTrustBundle(compilation, message.trust(), trust_place);
  if (found.slot) compiled.trust_bundles.push_back(*found.slot);
  settings.trust = std::move(found.bundle);
}

std::shared_ptr<const tls::ClientContext> MakeContext(tls::ClientSettings settings, const Path& place,
                                                      Violations& violations) {
  absl::StatusOr<std::shared_ptr<const tls::ClientContext>> context = tls::ClientContext::Create(std::move(settings));
  if (context.ok()) return *std::move(context);
  violations.Invalid(place, std::string(base::FromAbsl(context.status().message())));
  return nullptr;
}

}  // namespace

std::shared_ptr<const config::BackendTls> CompileClientTls(Compilation& compilation, const v1::Backend& message,
                                                           const Path& place,
                                                           const std::shared_ptr<const config::BackendTls>& before) {
  Violations& violations = compilation.violations;
  const size_t faults = violations.list().size();
  const v1::ClientTls& tls = message.tls();
  auto compiled = std::make_shared<config::BackendTls>();
  tls::ClientSettings settings;
  settings.server_name = tls.server_name();
  settings.policy = CompilePolicy(tls.policy());
  CheckServerName(tls, place, violations);
  CompileTrust(compilation, tls, place, settings, *compiled);
  if (!tls.certificate().empty()) {
    FoundCertificate found = FindCertificate(compilation, tls.certificate(), Path(place, "certificate"));
    if (found.slot) compiled->certificates.push_back(*found.slot);
    settings.certificate = std::move(found.certificate);
  }
  tls::ClientSettings http_settings = settings;
  tls::ClientSettings http1_settings = settings;
  const bool by_alpn = message.protocol() == v1::Backend::AUTO;
  if (by_alpn) http1_settings.protocols = {"http/1.1"};
  if (message.protocol() == v1::Backend::HTTP2) http_settings.protocols = {"h2"};
  if (by_alpn) http_settings.protocols = {"h2", "http/1.1"};
  if (violations.list().size() != faults) return nullptr;
  if (before != nullptr && before->http->settings() == http_settings) return before;

  compiled->raw = MakeContext(std::move(settings), place, violations);
  compiled->http =
      http_settings.protocols.empty() ? compiled->raw : MakeContext(std::move(http_settings), place, violations);
  if (by_alpn) compiled->http1 = MakeContext(std::move(http1_settings), place, violations);
  return compiled;
}

}  // namespace fairlead::control
