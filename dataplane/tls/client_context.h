#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "dataplane/tls/certificate.h"
#include "dataplane/tls/policy.h"
#include "dataplane/tls/trust_bundle.h"

struct ssl_ctx_st;

namespace fairlead::tls {

struct ClientSettings {
  // Asked for (SNI) and checked against the server's certificate; an IP address is checked, but not asked for. Empty:
  // neither.
  std::string server_name = {};
  std::shared_ptr<const TrustBundle> trust = nullptr;        // null: the server's certificate is not checked
  std::shared_ptr<const Certificate> certificate = nullptr;  // null: none is shown
  Policy policy = Policy::kIntermediate;
  // Protocols of the application (ALPN), the best first. None: none is asked for.
  std::vector<std::string> protocols = {};

  // Of the same objects.
  bool operator==(const ClientSettings&) const = default;
};

// How servers of a backend are spoken to. Made by the control side; immutable, and shared by all workers. A connection
// keeps the one that it began with.
class ClientContext {
 public:
  static absl::StatusOr<std::shared_ptr<const ClientContext>> Create(ClientSettings settings);
  ~ClientContext();
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;

  const ClientSettings& settings() const { return settings_; }
  // The name that is asked for; empty: none is.
  const std::string& asked_name() const { return asked_name_; }

  // For this package alone.
  ssl_ctx_st* context() const { return context_; }

 private:
  explicit ClientContext(ClientSettings settings) : settings_(std::move(settings)) {}

  bool Build();
  bool CheckServer();

  const ClientSettings settings_;
  std::string asked_name_;
  ssl_ctx_st* context_ = nullptr;
};

}  // namespace fairlead::tls
