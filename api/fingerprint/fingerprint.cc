#include "api/fingerprint/fingerprint.h"

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/str_format.h"

namespace fairlead::api {
namespace {

bool SaysNothing(ResourceKind kind, const google::protobuf::Message& message) {
  return kind == ResourceKind::kHealth && static_cast<const v1::HealthState&>(message).status() == v1::Health::UNKNOWN;
}

absl::uint128 FromBigEndian(const unsigned char* bytes) {
  absl::uint128 value = 0;
  for (int i = 0; i < 16; ++i) value = value << 8 | bytes[i];
  return value;
}

// OpenSSL's SHA-256 fails only for want of memory.
void MustSucceed(int result) {
  if (result != 1) std::abort();
}

}  // namespace

Fingerprint& Fingerprint::operator+=(Fingerprint other) {
  value_ += other.value_;
  return *this;
}

Fingerprint& Fingerprint::operator-=(Fingerprint other) {
  value_ -= other.value_;
  return *this;
}

std::string Fingerprint::ToHex() const {
  return absl::StrFormat("%016x%016x", absl::Uint128High64(value_), absl::Uint128Low64(value_));
}

std::string_view ResourceKindName(ResourceKind kind) {
  switch (kind) {
    case ResourceKind::kListener:
      return "listener";
    case ResourceKind::kRouteTable:
      return "route_table";
    case ResourceKind::kBackend:
      return "backend";
    case ResourceKind::kServer:
      return "server";
    case ResourceKind::kCertificate:
      return "certificate";
    case ResourceKind::kTrustBundle:
      return "trust_bundle";
    case ResourceKind::kTicketKeys:
      return "ticket_keys";
    case ResourceKind::kReporter:
      return "reporter";
    case ResourceKind::kScope:
      return "scope";
    case ResourceKind::kHealth:
      return "health";
  }
  std::abort();
}

Digester::Digester()
    : algorithm_(EVP_MD_fetch(nullptr, "SHA256", nullptr), EVP_MD_free), context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
  MustSucceed(algorithm_ != nullptr && context_ != nullptr);
}

Digester::~Digester() = default;

Fingerprint Digester::DigestOf(ResourceKind kind, std::string_view backend_id,
                               const google::protobuf::Message& message) {
  if (SaysNothing(kind, message)) return Fingerprint();
  if (kind == ResourceKind::kBackend) {
    const auto& backend = static_cast<const v1::Backend&>(message);
    if (backend.servers_size() > 0) {
      backend_.Split(backend);
      return DigestOfBytes(kind, backend_id, backend_.settings());
    }
  }
  CanonicalBytes(message, bytes_);
  return DigestOfBytes(kind, backend_id, bytes_);
}

Fingerprint Digester::DigestOfWhole(const v1::Backend& backend) {
  backend_.Split(backend);
  Fingerprint sum = DigestOfBytes(ResourceKind::kBackend, "", backend_.settings());
  for (std::string_view server : backend_.servers()) sum += DigestOfBytes(ResourceKind::kServer, backend.id(), server);
  return sum;
}

Fingerprint Digester::DigestOfBytes(ResourceKind kind, std::string_view backend_id, std::string_view bytes) {
  const std::string_view name = ResourceKindName(kind);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  MustSucceed(EVP_DigestInit_ex2(context_.get(), algorithm_.get(), nullptr));
  MustSucceed(EVP_DigestUpdate(context_.get(), name.data(), name.size()));
  MustSucceed(EVP_DigestUpdate(context_.get(), "", 1));
  MustSucceed(EVP_DigestUpdate(context_.get(), backend_id.data(), backend_id.size()));
  MustSucceed(EVP_DigestUpdate(context_.get(), "", 1));
  MustSucceed(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
  MustSucceed(EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr));
  return Fingerprint(FromBigEndian(digest.data()));
}

Fingerprint DigestOf(ResourceKind kind, std::string_view backend_id, const google::protobuf::Message& message) {
  return Digester().DigestOf(kind, backend_id, message);
}

Fingerprint OfSnapshot(const v1::Snapshot& snapshot) {
  Digester digester;
  Fingerprint sum;
  const auto add = [&](ResourceKind kind, const auto& resources) {
    for (const auto& resource : resources) sum += digester.DigestOf(kind, "", resource);
  };
  add(ResourceKind::kListener, snapshot.listeners());
  add(ResourceKind::kRouteTable, snapshot.route_tables());
  for (const v1::Backend& backend : snapshot.backends()) sum += digester.DigestOfWhole(backend);
  add(ResourceKind::kCertificate, snapshot.certificates());
  add(ResourceKind::kTrustBundle, snapshot.trust_bundles());
  add(ResourceKind::kTicketKeys, snapshot.ticket_keys());
  add(ResourceKind::kReporter, snapshot.reporters());
  add(ResourceKind::kScope, snapshot.scopes());
  add(ResourceKind::kHealth, snapshot.health());
  return sum;
}

}  // namespace fairlead::api
