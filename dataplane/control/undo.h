#pragma once

#include "dataplane/control/staged.h"
#include "dataplane/control/store.h"
#include "dataplane/persistence/history.pb.h"

namespace fairlead::control {

// What takes one revision back to the one before it, in little memory: of what was staged against the store and is not
// committed yet. Servers and words on health that go with their backend are named, too. Costs as much as it changes.
persistence::Undo MakeUndo(const Store& store, const Staged& staged);

}  // namespace fairlead::control
