#pragma once

#include <string>

#include "fairlead/v1/transaction.pb.h"

namespace fairlead::api {

// One operation in one line for people: `upsert server web/w1 {address: "10.0.0.1:80", weight: 5}`, `remove backend
// web`, `set health of web/w1 {status: DOWN, reason: "connection refused"}`. At most 160 bytes, longer ones end in "…".
// Of certificates and trust bundles only the name is shown.
std::string DescribeOperation(const v1::Operation& operation);

}  // namespace fairlead::api
