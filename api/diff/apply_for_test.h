#pragma once

#include <vector>

#include "fairlead/v1/resources.pb.h"
#include "fairlead/v1/transaction.pb.h"

namespace fairlead::api {

// What a proxy makes of operations that it accepts, in the plainest way: for tests alone. Checks nothing but that what
// is removed is there (else a test failure).
v1::Snapshot ApplyForTest(v1::Snapshot state, const std::vector<v1::Operation>& operations);

}  // namespace fairlead::api
