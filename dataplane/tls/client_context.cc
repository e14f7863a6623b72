#include "dataplane/tls/client_context.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "dataplane/tls/client_sessions.h"
#include "dataplane/tls/failure.h"
#include "dataplane/tls/openssl.h"
#include "dataplane/tls/shared_ciphers.h"

namespace fairlead::tls {

absl::StatusOr<std::shared_ptr<const ClientContext>> ClientContext::Create(ClientSettings settings) {
  std::shared_ptr<ClientContext> context(new ClientContext(std::move(settings)));
  if (context->Build()) return context;
  return absl::InternalError(absl::StrCat("OpenSSL refuses it: ", TakeErrorText()));
}

ClientContext::~ClientContext() { SSL_CTX_free(context_); }

bool ClientContext::Build() {
  context_ = NewContext(TLS_client_method());
  if (context_ == nullptr || !Apply(settings_.policy, context_)) return false;
  if (const Certificate* own = settings_.certificate.get();
      own != nullptr && SSL_CTX_use_cert_and_key(context_, own->leaf(), own->key(), own->chain(), 1) != 1) {
    return false;
  }
  std::string protocols;
  for (const std::string& protocol : settings_.protocols) {
    absl::StrAppend(&protocols, std::string(1, static_cast<char>(protocol.size())), protocol);
  }
  // Of OpenSSL's functions this one alone is 0 when all is well.
  if (SSL_CTX_set_alpn_protos(context_, reinterpret_cast<const unsigned char*>(protocols.data()),
                              static_cast<unsigned>(protocols.size())) != 0) {
    return false;
  }
  // Sessions are kept by ClientSessions.
  SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context_, &ClientSessions::OnNewSession);
  return CheckServer();
}

bool ClientContext::CheckServer() {
  X509_VERIFY_PARAM* parameters = SSL_CTX_get0_param(context_);
  const std::string& name = settings_.server_name;
  const bool is_address = !name.empty() && X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str()) == 1;
  ERR_clear_error();
  if (!name.empty() && !is_address) {
    asked_name_ = name;
    X509_VERIFY_PARAM_set_hostflags(parameters,
                                    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (X509_VERIFY_PARAM_set1_host(parameters, name.data(), name.size()) != 1) return false;
  }
  if (settings_.trust == nullptr) {
    SSL_CTX_set_verify(context_, SSL_VERIFY_NONE, nullptr);
    return true;
  }
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set1_cert_store(context_, settings_.trust->store());
  return true;
}

}  // namespace fairlead::tls
