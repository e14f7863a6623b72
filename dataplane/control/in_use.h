#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dataplane/control/violations.h"

namespace fairlead::control {

// IN_USE for a resource that is to be removed while `users`, ids of resources of `kind`, go on referring to it. Nothing
// when there are none.
void AddInUse(std::string_view kind, std::vector<std::string> users, const Path& place, Violations& violations);

}  // namespace fairlead::control
