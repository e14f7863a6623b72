#pragma once

#include <optional>
#include <vector>

#include "dataplane/control/path.h"
#include "dataplane/control/violations.h"
#include "dataplane/identity/identity.h"
#include "fairlead/v1/identity.pb.h"
#include "google/protobuf/repeated_ptr_field.h"

namespace fairlead::control {

// What `message` says; none, with a violation, where it breaks a rule of the API.
std::optional<identity::Identity> CompileIdentity(const v1::Identity& message, const Path& place,
                                                  Violations& violations);

// All of the repeated field `identities` of the message at `parent`.
std::vector<identity::Identity> CompileIdentities(const google::protobuf::RepeatedPtrField<v1::Identity>& messages,
                                                  const Path& parent, Violations& violations);

}  // namespace fairlead::control
