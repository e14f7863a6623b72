#pragma once

#include <variant>

#include "api/fingerprint/fingerprint.h"
#include "dataplane/control/field_rules.h"
#include "dataplane/control/scopes.h"
#include "dataplane/control/staged.h"
#include "dataplane/control/store.h"
#include "dataplane/control/violations.h"
#include "fairlead/v1/transaction.pb.h"

namespace fairlead::control {

// Turns transactions into what workers serve by: checks everything that can be known without touching the world, and
// stages the state that the transaction makes of the store's. The cost follows the transaction's size: operations on a
// few of 100,000 servers touch those few; a snapshot's resources that are as they were (by their digests) are passed
// over, keep their objects and are not among the changes.
//
// On the control thread, owned by the transactor.
class Compiler {
 public:
  // `workers`: how many there are to count for.
  explicit Compiler(int workers) : workers_(workers) {}

  // Everything that is wrong with it (what `rights` does not allow, before all else), or what it makes of `store`. The
  // transaction is changed for the time of the call only, and outlives what was staged, as the store does. Its id,
  // base_revision and leader_epoch are the transactor's matter.
  std::variant<Violations, Staged> Compile(v1::Transaction& transaction, const Store& store,
                                           const Rights& rights = Rights());

 private:
  const int workers_;
  const FieldRules rules_;
  api::Digester digester_;
};

}  // namespace fairlead::control
