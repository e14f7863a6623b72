#include "dataplane/tls/server_context.h"

#include <algorithm>
#include <cstring>
#include <ctime>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "dataplane/base/unix_time.h"
#include "dataplane/tls/failure.h"
#include "dataplane/tls/openssl.h"
#include "dataplane/tls/shared_ciphers.h"

namespace fairlead::tls {
namespace {

bool Use(SSL* connection, const Certificate* certificate) {
  return certificate == nullptr || SSL_use_cert_and_key(connection, certificate->leaf(), certificate->key(),
                                                        certificate->chain(), /*override=*/1) == 1;
}

bool Use(SSL_CTX* context, const Certificate* certificate) {
  return certificate == nullptr || SSL_CTX_use_cert_and_key(context, certificate->leaf(), certificate->key(),
                                                            certificate->chain(), /*override=*/1) == 1;
}

// What sessions are made under, so that they are resumed only where their clients were checked, or not, in the same
// way.
std::string DigestOfTerms(const ServerSettings& settings) {
  std::string all =
      absl::StrCat("fairlead sessions\n", settings.name, "\n", static_cast<int>(settings.client_auth), "\n");
  if (settings.client_auth != ClientAuth::kNone) all += settings.trust->digest();
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(all.data(), all.size(), digest, &size, EVP_sha256(), nullptr);
  return {reinterpret_cast<const char*>(digest), size};
}

}  // namespace

absl::StatusOr<std::shared_ptr<const ServerContext>> ServerContext::Create(ServerSettings settings,
                                                                           const ServerContext* before) {
  std::shared_ptr<ServerContext> context(new ServerContext(std::move(settings)));
  if (absl::Status status = context->Build(); !status.ok()) return status;
  context->SetUpResumption(before);
  return context;
}

ServerContext::~ServerContext() { SSL_CTX_free(context_); }

void ServerContext::Choice::Add(const Certificate& certificate) {
  const Certificate*& place = certificate.key_kind() == Certificate::KeyKind::kEcdsa ? ecdsa : rsa;
  if (place == nullptr) place = &certificate;
}

absl::Status ServerContext::Build() {
  IndexNames();
  context_ = NewContext(TLS_server_method());
  if (context_ == nullptr || !Apply(settings_.policy, context_) || !Use(context_, default_.rsa) ||
      !Use(context_, default_.ecdsa)) {
    return absl::InternalError(absl::StrCat("OpenSSL refuses it: ", TakeErrorText()));
  }
  if (exact_.size() + wildcards_.size() > 0) SSL_CTX_set_cert_cb(context_, SelectCertificates, this);
  SSL_CTX_set_tlsext_status_arg(context_, this);
  SSL_CTX_set_tlsext_status_cb(
      context_, +[](SSL* connection, void* self) {
        return static_cast<const ServerContext*>(self)->StapleOcspResponse(connection);
      });
  if (!settings_.protocols.empty()) {
    SSL_CTX_set_alpn_select_cb(
        context_,
        [](SSL*, const unsigned char** selected, unsigned char* selected_size, const unsigned char* offered,
           unsigned offered_size, void* self) {
          return static_cast<const ServerContext*>(self)->SelectProtocol(
              selected, selected_size, {reinterpret_cast<const char*>(offered), offered_size});
        },
        this);
  }
  if (settings_.client_auth != ClientAuth::kNone) {
    const bool required = settings_.client_auth == ClientAuth::kRequired;
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
    SSL_CTX_set1_cert_store(context_, settings_.trust->store());
    STACK_OF(X509_NAME)* names = SSL_dup_CA_list(settings_.trust->names());
    SSL_CTX_set0_CA_list(context_, names);
  }
  return absl::OkStatus();
}

void ServerContext::SetUpResumption(const ServerContext* before) {
  Resumption::Settings settings;
  settings.terms = DigestOfTerms(settings_);
  if (settings_.client_auth != ClientAuth::kNone) settings.crls_end_s = settings_.trust->crls_end();
  settings.keys = settings_.ticket_keys;
  if (settings.keys == nullptr) {
    const bool has_own = before != nullptr && before->settings_.ticket_keys == nullptr;
    settings.keys = has_own ? before->resumption_->keys() : std::make_shared<const OwnTicketKeys>(base::UnixMillis());
  }
  if (settings_.session_cache > 0) {
    const bool is_there = before != nullptr && before->settings_.session_cache == settings_.session_cache;
    settings.cache = is_there ? before->resumption_->cache() : std::make_shared<SessionCache>(settings_.session_cache);
  }
  if (settings_.early_data) {
    // Tickets of keys that others have too may be of a process that was here before.
    const bool strangers = settings_.ticket_keys != nullptr;
    const bool goes_on = before != nullptr && (before->settings_.ticket_keys != nullptr) == strangers;
    if (goes_on) settings.guard = before->resumption_->guard();
    if (settings.guard == nullptr) {
      settings.guard = std::make_shared<ReplayGuard>(strangers ? std::time(nullptr) + ReplayGuard::kWindowSeconds : 0);
    }
  }
  resumption_ = std::make_unique<Resumption>(std::move(settings));
  resumption_->Install(context_);
}

void ServerContext::IndexNames() {
  for (const std::shared_ptr<const Certificate>& certificate : settings_.certificates) {
    for (const std::string& name : certificate->dns_names()) {
      if (absl::StartsWith(name, "*.")) {
        wildcards_[name.substr(2)].Add(*certificate);
      } else {
        exact_[name].Add(*certificate);
      }
    }
  }
  // Who asks for no name, or one that is not there, may have the default's kind of key or the other one, if the
  // default's name has both.
  const Certificate& first = *settings_.certificates.front();
  default_.Add(first);
  if (first.dns_names().empty()) return;
  const Choice& others = Choose(first.dns_names().front().c_str());
  if (others.ecdsa != nullptr) default_.Add(*others.ecdsa);
  if (others.rsa != nullptr) default_.Add(*others.rsa);
}

const ServerContext::Choice& ServerContext::Choose(const char* name) const {
  if (name == nullptr) return default_;
  const std::string lower = absl::AsciiStrToLower(name);
  if (const auto exact = exact_.find(lower); exact != exact_.end()) return exact->second;
  const size_t dot = lower.find('.');
  if (dot == std::string::npos || dot == 0) return default_;
  const auto wildcard = wildcards_.find(lower.substr(dot + 1));
  return wildcard != wildcards_.end() ? wildcard->second : default_;
}

int ServerContext::SelectCertificates(SSL* connection, void* self) {
  const auto& context = *static_cast<const ServerContext*>(self);
  const Choice& choice = context.Choose(SSL_get_servername(connection, TLSEXT_NAMETYPE_host_name));
  if (choice == context.default_) return 1;
  SSL_certs_clear(connection);
  return Use(connection, choice.rsa) && Use(connection, choice.ecdsa) ? 1 : 0;
}

void ServerContext::StopAtKey(SSL* connection) const {
  const auto stop = [](SSL* stopped, void* self) {
    SSL_set_cert_cb(stopped, SelectCertificates, self);
    return -1;
  };
  SSL_set_cert_cb(connection, stop, const_cast<ServerContext*>(this));
}

int ServerContext::StapleOcspResponse(SSL* connection) const {
  const X509* leaf = SSL_get_certificate(connection);
  const auto found = std::ranges::find_if(settings_.certificates, [&](const auto& one) { return one->leaf() == leaf; });
  if (found == settings_.certificates.end()) return SSL_TLSEXT_ERR_NOACK;
  const std::string& response = (*found)->ocsp_response();
  if (response.empty() || (*found)->ocsp_not_after() <= std::time(nullptr)) return SSL_TLSEXT_ERR_NOACK;
  void* copy = OPENSSL_memdup(response.data(), response.size());
  SSL_set_tlsext_status_ocsp_resp(connection, copy, static_cast<long>(response.size()));
  return SSL_TLSEXT_ERR_OK;
}

int ServerContext::SelectProtocol(const unsigned char** selected, unsigned char* selected_size,
                                  std::string_view offered) const {
  for (const std::string& protocol : settings_.protocols) {
    // The library has checked the list's form: each name with its length before it (RFC 7301 §3.1).
    for (std::string_view rest = offered; !rest.empty();) {
      const auto size = static_cast<unsigned char>(rest.front());
      const std::string_view name = rest.substr(1, size);
      if (name == protocol) {
        *selected = reinterpret_cast<const unsigned char*>(name.data());
        *selected_size = size;
        return SSL_TLSEXT_ERR_OK;
      }
      rest.remove_prefix(1 + size);
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;  // RFC 7301 §3.2
}

}  // namespace fairlead::tls
