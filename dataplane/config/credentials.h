#pragma once

#include <memory>
#include <string>

#include "absl/numeric/int128.h"
#include "dataplane/tls/certificate.h"
#include "dataplane/tls/ticket_keys.h"
#include "dataplane/tls/trust_bundle.h"

namespace fairlead::config {

// What listeners and backends show who they are by, what they check others against, and what they seal sessions with:
// resources of their own, since several may share them. Immutable.

struct Certificate {
  std::string id;
  std::shared_ptr<const tls::Certificate> tls;
  absl::uint128 digest = 0;  // what it adds to the fingerprint
};

struct TrustBundle {
  std::string id;
  std::shared_ptr<const tls::TrustBundle> tls;
  absl::uint128 digest = 0;
};

struct TicketKeys {
  std::string id;
  std::shared_ptr<const tls::GivenTicketKeys> tls;
  absl::uint128 digest = 0;
};

}  // namespace fairlead::config
