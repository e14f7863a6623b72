#pragma once

#include "dataplane/health/explanation.h"
#include "fairlead/v1/control.pb.h"

namespace fairlead::control {

// What a controller is told of a decision. `now_ms` is the health table's; what the snapshot says is the caller's to
// add.
v1::Explanation ToProto(const health::Explanation& explanation, uint64_t now_ms);

}  // namespace fairlead::control
