#pragma once

#include "dataplane/config/server.h"
#include "fairlead/v1/health.pb.h"
#include "fairlead/v1/resources.pb.h"

namespace fairlead::control {

// From the types that workers serve by, back to the API's. Of resources, only servers come back this way: other
// messages, and servers whose config::Server does not tell all of them, are kept as they were sent (Store).
v1::Server ToProto(const config::Server& server);
v1::Server::AdminState ToProto(config::AdminState state);
v1::Health::Status ToProto(config::Health health);

// UNKNOWN for values that are not known.
config::Health FromProto(v1::Health::Status status);

}  // namespace fairlead::control
