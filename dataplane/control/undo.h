#pragma once

#include <string>

#include "dataplane/control/staged.h"
#include "dataplane/control/store.h"

namespace fairlead::control {

// What takes one revision back to the one before it, in little memory.
struct Undo {
  // There was nothing before: all there is goes.
  bool to_nothing = false;
  // Else a v1::Transaction of operations, serialised: what each resource that changed was before. Servers and words on
  // health that go with their backend are named, too.
  std::string operations;
};

// Of what was staged against the store and is not committed yet. Costs as much as it changes.
Undo MakeUndo(const Store& store, const Staged& staged);

}  // namespace fairlead::control
