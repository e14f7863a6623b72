#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/numeric/int128.h"
#include "api/fingerprint/fingerprint.h"
#include "dataplane/control/backend_editor.h"
#include "dataplane/control/field_rules.h"
#include "dataplane/control/requests.h"
#include "dataplane/control/staged.h"
#include "dataplane/control/store.h"
#include "dataplane/control/violations.h"

namespace fairlead::control {

// What a transaction makes of the store that changes nothing.
Staged StageNothing(const Store& store);

// One transaction on its way from requests to a staged state: what the compilers of the kinds of resources share. Each
// adds its part to `staged`, in the order credentials, backends, servers, health, route tables, listeners, so that what
// a resource refers to has its slot; and each adds what it finds wrong to `violations`. With any of those, `staged` is
// worthless.
struct Compilation {
  Compilation(const Store& store, const AllRequests& requests, const FieldRules& rules, api::Digester& digester,
              int workers, Violations& violations);
  Compilation(const Compilation&) = delete;
  Compilation& operator=(const Compilation&) = delete;

  // The server's slot at the end of the transaction, in a backend that exists then.
  std::optional<config::ServerSlot> FindServer(config::BackendSlot backend, std::string_view id) const;

  // What a resource adds to the fingerprint.
  absl::uint128 DigestOf(api::ResourceKind kind, const google::protobuf::Message& message,
                         std::string_view backend = {}) {
    return digester.DigestOf(kind, backend, message).value();
  }
  // Keep the counts and the fingerprint.
  void CountAdded(absl::uint128 digest);
  void CountChanged(absl::uint128 before, absl::uint128 after);
  void CountRemoved(absl::uint128 digest);

  const Store& store;
  const AllRequests& requests;
  const FieldRules& rules;
  api::Digester& digester;
  const int workers;
  Violations& violations;
  Staged staged;
  BackendEditor backend_editor;  // of staged.snapshot
};

// `no route table "main" at the end of the transaction`
std::string NotThere(std::string_view kind, std::string_view id);

}  // namespace fairlead::control
