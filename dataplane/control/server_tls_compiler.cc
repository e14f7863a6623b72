#include "dataplane/control/server_tls_compiler.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/control/credentials_compiler.h"
#include "dataplane/control/value_checks.h"
#include "dataplane/health/quote.h"

namespace fairlead::control {
namespace {

constexpr int kMaxCertificates = 1'000;
constexpr uint32_t kDefaultSessionCache = 20'480;
constexpr uint32_t kMaxSessionCache = 1'000'000;

bool Contains(const std::vector<uint32_t>& slots, uint32_t slot) {
  return std::find(slots.begin(), slots.end(), slot) != slots.end();
}

void PlanCertificates(Compilation& compilation, const v1::ServerTls& message, const Path& place, ServerTlsPlan& plan) {
  const int count = message.certificates_size();
  if (count == 0 || count > kMaxCertificates) {
    compilation.violations.Invalid(Path(place, "certificates"),
                                   base::StrCat("not 1 to ", kMaxCertificates, " certificates: ", count));
    return;
  }
  absl::flat_hash_set<std::string> ids;
  for (int i = 0; i < count; ++i) {
    const std::string& id = message.certificates(i);
    const Path certificate_place(place, "certificates", i);
    if (!ids.insert(id).second) {
      compilation.violations.Add(v1::Violation::ALREADY_EXISTS, certificate_place,
                                 base::StrCat("twice in this listener: ", health::Quote(id)));
      continue;
    }
    FoundCertificate found = FindCertificate(compilation, id, certificate_place);
    if (!found.slot) continue;
    plan.renewed |= Contains(compilation.staged.changes.certificates, *found.slot);
    plan.tls->certificates.push_back(*found.slot);
    plan.settings.certificates.push_back(std::move(found.certificate));
  }
}

void PlanClientAuth(Compilation& compilation, const v1::Listener& listener, const Path& place, ServerTlsPlan& plan) {
  const v1::ClientAuth& message = listener.tls().client_auth();
  plan.settings.client_auth = message.mode() == v1::ClientAuth::REQUIRED   ? tls::ClientAuth::kRequired
                              : message.mode() == v1::ClientAuth::OPTIONAL ? tls::ClientAuth::kOptional
                                                                           : tls::ClientAuth::kNone;
  const bool asks = plan.settings.client_auth != tls::ClientAuth::kNone;
  if (asks || !message.trust().empty()) {
    FoundTrustBundle found = FindTrustBundle(compilation, message.trust(), Path(place, "trust"));
    if (found.slot) {
      plan.renewed |= Contains(compilation.staged.changes.trust_bundles, *found.slot);
      plan.tls->trust_bundles.push_back(*found.slot);
      plan.settings.trust = std::move(found.bundle);
    }
  }
  if (!message.forward_headers()) return;
  if (!asks) compilation.violations.Invalid(Path(place, "forward_headers"), "set, but clients show no certificates");
  if (listener.has_tcp()) compilation.violations.Invalid(Path(place, "forward_headers"), "only with http");
  plan.tls->forward_client_certificate = true;
}

uint32_t CompileSessionCache(const v1::ServerTls& message, const Path& place, Violations& violations) {
  if (!message.has_session_cache()) return kDefaultSessionCache;
  return CheckRange(message.session_cache(), 0, kMaxSessionCache, Path(place, "session_cache"), violations);
}

}  // namespace

ServerTlsPlan PlanServerTls(Compilation& compilation, const v1::Listener& message, const Path& place) {
  ServerTlsPlan plan;
  plan.tls = std::make_shared<config::ServerTls>();
  plan.settings.policy = CompilePolicy(message.tls().policy());
  PlanCertificates(compilation, message.tls(), place, plan);
  if (message.tls().has_client_auth()) {
    PlanClientAuth(compilation, message, Path(place, "client_auth"), plan);
  }
  plan.settings.name = message.id();
  if (!message.tls().ticket_keys().empty()) {
    FoundTicketKeys found = FindTicketKeys(compilation, message.tls().ticket_keys(), Path(place, "ticket_keys"));
    if (found.slot) {
      plan.renewed |= Contains(compilation.staged.changes.ticket_keys, *found.slot);
      plan.tls->ticket_keys.push_back(*found.slot);
      plan.settings.ticket_keys = std::move(found.keys);
    }
  }
  plan.settings.session_cache = CompileSessionCache(message.tls(), place, compilation.violations);
  plan.settings.early_data = message.tls().early_data();
  if (message.tls().early_data() && !message.has_http()) {
    compilation.violations.Invalid(Path(place, "early_data"), "only with http, whose methods tell what may come twice");
  }
  if (message.tls().has_handshake_timeout()) {
    plan.tls->handshake_timeout =
        CheckDuration(message.tls().handshake_timeout(), Path(place, "handshake_timeout"), compilation.violations);
  }
  if (message.tcp().sni_routes_size() > 0) {
    compilation.violations.Invalid(place, "set beside tcp.sni_routes; TLS either ends here or is passed through");
  }
  if (message.has_http()) {
    if (!message.http().http2().off()) plan.settings.protocols.push_back("h2");
    plan.settings.protocols.push_back("http/1.1");
  }
  return plan;
}

std::shared_ptr<const config::ServerTls> MakeServerTls(ServerTlsPlan plan, const config::ServerTls* before,
                                                       const Path& place, Violations& violations) {
  absl::StatusOr<std::shared_ptr<const tls::ServerContext>> context =
      tls::ServerContext::Create(std::move(plan.settings), before == nullptr ? nullptr : before->context.get());
  if (context.ok()) {
    plan.tls->context = *std::move(context);
  } else {
    violations.Invalid(place, std::string(base::FromAbsl(context.status().message())));
  }
  return plan.tls;
}

tls::Policy CompilePolicy(v1::ServerTls::Policy policy) {
  return policy == v1::ServerTls::MODERN ? tls::Policy::kModern : tls::Policy::kIntermediate;
}

}  // namespace fairlead::control
