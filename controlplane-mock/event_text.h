#pragma once

#include <string>

#include "fairlead/v1/control.pb.h"
#include "fairlead/v1/transaction.pb.h"

namespace fairlead::controlplane_mock {

// How transactions and their answers read in the log, without the proxy's name in front.

// "proxy edge-1", and its zone if it has one: "proxy edge-1 (zone a)".
std::string DescribeProxy(const v1::Hello& hello);
// "mock-1f-3: snapshot of 12 resources"; of at most ten operations each on a line of its own.
std::string DescribeTransaction(const v1::Transaction& transaction);
// "applied revision 4 in 1.2 ms (+1 ~2 -0)".
std::string DescribeApplied(const v1::Applied& applied);
// "rejected mock-1f-3, serving revision 4 still: 2 violations", and each on a line of its own.
std::string DescribeRejected(const v1::Rejected& rejected);

}  // namespace fairlead::controlplane_mock
