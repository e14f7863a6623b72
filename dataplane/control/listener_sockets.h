#pragma once

#include <vector>

#include "dataplane/config/snapshot.h"
#include "dataplane/control/staged.h"
#include "dataplane/control/store.h"
#include "dataplane/control/violations.h"

namespace fairlead::control {

// Gives each new or changed listener of a transaction its sockets, one for each worker. Sockets belong to addresses: a
// listener at an address that one of `store` has (its own, or another's that leaves it in this transaction) takes over
// that one's, so that listeners can change places and no connection is lost; others are opened.
//
// BIND_FAILED for each address that can't be listened on. Sockets that were opened are closed with `staged` where it is
// dropped: after a failure, and after a dry run. The last of a transaction's checks.
void OpenListenerSockets(const Store& store, int workers, Staged& staged, Violations& violations);

// The same for a state that is restored, which is served as far as it can be: listeners whose addresses can't be
// listened on get sockets without descriptors, which say why.
void OpenRestoredSockets(const Store& store, int workers, Staged& staged);

// The listeners of such a state whose sockets have no descriptors.
std::vector<config::ListenerSlot> UnboundListeners(const config::Snapshot& snapshot);
// Opens of them what can be opened by now. Returns those that have sockets now.
std::vector<config::ListenerSlot> OpenMissingSockets(int workers, config::Snapshot& snapshot);

// Gives the listeners of `staged` the sockets that OpenListenerSockets gave those of `before`: the same transaction,
// staged earlier.
void TakeOverSockets(const Staged& before, Staged& staged);

// For a transaction that is about to be committed to `store`: files of unix sockets that it leaves are removed, and
// those that stay get the modes that it says. Connections that wait in such a socket are accepted all the same.
void SettleSocketFiles(const Store& store, const Staged& staged);

}  // namespace fairlead::control
