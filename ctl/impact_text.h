#pragma once

#include <string>

#include "fairlead/v1/transaction.pb.h"

namespace fairlead::ctl {

// What a dry run's answer says of its impact, for people: a line for each backend and listener; empty: none is touched.
std::string DescribeImpact(const v1::Impact& impact);

}  // namespace fairlead::ctl
