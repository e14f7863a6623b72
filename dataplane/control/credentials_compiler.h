#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "dataplane/control/compilation.h"
#include "dataplane/control/path.h"

namespace fairlead::control {

// Checks and stages what a transaction wants of certificates, trust bundles and ticket keys. What refers to them comes
// after.
void CompileCredentials(Compilation& compilation);

// What `id` names at the end of the transaction, for a field at `place`. Null, with a violation, where that is nothing;
// null, without another, where it is named but faulty.
struct FoundCertificate {
  std::optional<config::CertificateSlot> slot;
  std::shared_ptr<const tls::Certificate> certificate;
};
FoundCertificate FindCertificate(Compilation& compilation, std::string_view id, const Path& place);
struct FoundTrustBundle {
  std::optional<config::TrustBundleSlot> slot;
  std::shared_ptr<const tls::TrustBundle> bundle;
};
FoundTrustBundle FindTrustBundle(Compilation& compilation, std::string_view id, const Path& place);
struct FoundTicketKeys {
  std::optional<config::TicketKeysSlot> slot;
  std::shared_ptr<const tls::GivenTicketKeys> keys;
};
FoundTicketKeys FindTicketKeys(Compilation& compilation, std::string_view id, const Path& place);

}  // namespace fairlead::control
