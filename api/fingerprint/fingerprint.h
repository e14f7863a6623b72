#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/numeric/int128.h"
#include "api/fingerprint/canonical_bytes.h"
#include "fairlead/v1/health.pb.h"
#include "fairlead/v1/resources.pb.h"

struct evp_md_ctx_st;
struct evp_md_st;

namespace fairlead::api {

// What a state consists of, in a form that two sides can compare without sending it: the proxy says in Hello what it
// serves, and a controller whose own state has the same fingerprint sends nothing.
//
// A state's fingerprint is the sum, modulo 2^128, of its resources' digests. A sum does not depend on order, and it can
// be kept up to date: take the old digest of a changed resource away, add the new one.
//
// It tells states apart that differ by accident; it is no protection from somebody who looks for two that collide.
//
// A value; the default is the fingerprint of nothing.
class Fingerprint {
 public:
  Fingerprint() = default;
  explicit Fingerprint(absl::uint128 value) : value_(value) {}

  // Both wrap around.
  Fingerprint& operator+=(Fingerprint other);
  Fingerprint& operator-=(Fingerprint other);
  friend Fingerprint operator+(Fingerprint left, Fingerprint right) { return left += right; }
  friend Fingerprint operator-(Fingerprint left, Fingerprint right) { return left -= right; }
  friend bool operator==(Fingerprint left, Fingerprint right) { return left.value_ == right.value_; }

  absl::uint128 value() const { return value_; }
  // 32 lower-case hexadecimal digits, as they stand in Hello, Applied, Rejected and StateReport.
  std::string ToHex() const;

 private:
  absl::uint128 value_ = 0;
};

// What a digest is of. The servers of a backend are resources of their own.
enum class ResourceKind {
  kListener,
  kRouteTable,
  kBackend,
  kServer,
  kCertificate,
  kTrustBundle,
  kTicketKeys,
  kReporter,
  kScope,
  kHealth
};

// The word that goes into the digest: "listener", "route_table", "backend", "server", "certificate", "trust_bundle",
// "ticket_keys", "reporter", "scope", "health".
std::string_view ResourceKindName(ResourceKind kind);

// Computes digests: the first 16 bytes, as a big-endian number, of SHA-256 over
//
//   the kind's name, a 0 byte, the id of the server's backend (other kinds: nothing), a 0 byte,
//   the message's CanonicalBytes, for a Backend without its `servers`.
//
// The controller's word on health counts only while it says something: a HealthState of status UNKNOWN has the
// fingerprint of nothing, and need not be told apart from its absence.
//
// Keeps OpenSSL's context and a buffer from call to call: owned by whoever computes many, for one thread at a time.
class Digester {
 public:
  Digester();
  ~Digester();
  Digester(const Digester&) = delete;
  Digester& operator=(const Digester&) = delete;

  // Of one resource. `message` has the type that `kind` names; `backend_id` is empty but for a server.
  Fingerprint DigestOf(ResourceKind kind, std::string_view backend_id, const google::protobuf::Message& message);
  // Of a backend's settings and all its servers: the sum of their digests.
  Fingerprint DigestOfWhole(const v1::Backend& backend);

 private:
  Fingerprint DigestOfBytes(ResourceKind kind, std::string_view backend_id, std::string_view bytes);

  std::unique_ptr<evp_md_st, void (*)(evp_md_st*)> algorithm_;
  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
  std::string bytes_;
  CanonicalBackend backend_;
};

// The same with a Digester of its own, for those who need a digest now and then.
Fingerprint DigestOf(ResourceKind kind, std::string_view backend_id, const google::protobuf::Message& message);

// The fingerprint of a state.
Fingerprint OfSnapshot(const v1::Snapshot& snapshot);

}  // namespace fairlead::api
