#pragma once

#include <string>

#include "absl/status/status.h"
#include "fairlead/v1/transaction.pb.h"
#include "google/protobuf/repeated_ptr_field.h"

namespace fairlead::controlplane_mock {

// What a proxy does with the operations of a transaction, done to a snapshot, so that a scenario can change what
// proxies should serve. Their order does not matter. Checks only what it must know: NOT_FOUND for a resource that an
// operation names and that is not there, INVALID_ARGUMENT for an operation of no kind, or for upsert_backend with
// servers; references between resources are the proxy's to check. On an error `snapshot` is undefined.
absl::Status ApplyOperations(const google::protobuf::RepeatedPtrField<v1::Operation>& operations,
                             v1::Snapshot& snapshot);

// The server of that name, or null.
const v1::Server* FindServer(const v1::Snapshot& snapshot, const std::string& backend, const std::string& server);

}  // namespace fairlead::controlplane_mock
