#pragma once

#include <vector>

#include "fairlead/v1/resources.pb.h"
#include "fairlead/v1/transaction.pb.h"

namespace fairlead::api {

// The operations that lead from one state to the other, and nothing more: as a transaction on `from` they make `to`. A
// server that changed is one operation, whatever the size of its backend. Two resources are the same if their
// CanonicalBytes are.
//
// Removing a backend or a server takes what is in it and its health along, without operations of their own; no order of
// servers or resources is kept, since none has a meaning. `from` must be a state that a proxy can serve. If `to` names
// a resource twice, so do the operations, and the proxy rejects them; the same goes for health of a server that does
// not exist.
//
// Linear in the size of both states. From any thread.
std::vector<v1::Operation> Diff(const v1::Snapshot& from, const v1::Snapshot& to);

}  // namespace fairlead::api
