#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "dataplane/tls/certificate.h"
#include "dataplane/tls/policy.h"
#include "dataplane/tls/replay_guard.h"
#include "dataplane/tls/resumption.h"
#include "dataplane/tls/ticket_keys.h"
#include "dataplane/tls/trust_bundle.h"

struct ssl_ctx_st;
struct ssl_st;

namespace fairlead::tls {

// Whether clients are to show certificates.
enum class ClientAuth : uint8_t { kNone, kOptional, kRequired };

struct ServerSettings {
  std::vector<std::shared_ptr<const Certificate>> certificates = {};  // at least one; the first is the default
  Policy policy = Policy::kIntermediate;
  ClientAuth client_auth = ClientAuth::kNone;
  std::shared_ptr<const TrustBundle> trust = nullptr;  // for client_auth
  // Protocols of the application (ALPN), the best first. None: whatever the client wants is not looked at.
  std::vector<std::string> protocols = {};
  // Sessions are resumed where this is the same.
  std::string name = {};
  std::shared_ptr<const TicketKeys> ticket_keys = nullptr;  // null: the server's own
  // Sessions of TLS 1.2 without tickets that are kept; 0: none.
  uint32_t session_cache = 0;
  // Whether early data is taken (0-RTT, RFC 8446 §2.3).
  bool early_data = false;
};

// How a listener speaks TLS. Made by the control side; immutable, and shared by all workers. A connection keeps the one
// that it began with.
class ServerContext {
 public:
  // `before` (null: none) is what this one takes the place of: the server's own ticket keys and the sessions that were
  // kept go on.
  static absl::StatusOr<std::shared_ptr<const ServerContext>> Create(ServerSettings settings,
                                                                     const ServerContext* before = nullptr);
  ~ServerContext();
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;

  const ServerSettings& settings() const { return settings_; }
  // Null: none.
  const SessionCache* session_cache() const { return resumption_->cache().get(); }
  const ReplayGuard* replay_guard() const { return resumption_->guard().get(); }

  // For this package alone.
  ssl_ctx_st* context() const { return context_; }
  // Has a handshake that has not begun stop (HandshakeProgress::kNeedsKey) where it comes to need a certificate and its
  // key, which one that resumes a session does not. The next step goes on from there.
  void StopAtKey(ssl_st* connection) const;

 private:
  // Certificates of one name: the first of each kind of key, which the library chooses among.
  struct Choice {
    const Certificate* ecdsa = nullptr;
    const Certificate* rsa = nullptr;

    void Add(const Certificate& certificate);
    friend bool operator==(const Choice&, const Choice&) = default;
  };

  explicit ServerContext(ServerSettings settings) : settings_(std::move(settings)) {}

  absl::Status Build();
  void SetUpResumption(const ServerContext* before);
  void IndexNames();
  // By SNI (RFC 6066 §3), null without.
  const Choice& Choose(const char* name) const;
  // Has the connection show what the client's name calls for.
  static int SelectCertificates(ssl_st* connection, void* self);
  // Staples the OCSP response of the certificate that was selected.
  int StapleOcspResponse(ssl_st* connection) const;
  int SelectProtocol(const unsigned char** selected, unsigned char* selected_size, std::string_view offered) const;

  const ServerSettings settings_;
  ssl_ctx_st* context_ = nullptr;
  std::unique_ptr<Resumption> resumption_;
  Choice default_;
  absl::flat_hash_map<std::string, Choice> exact_;
  absl::flat_hash_map<std::string, Choice> wildcards_;  // "*.example.org" as "example.org"
};

}  // namespace fairlead::tls
