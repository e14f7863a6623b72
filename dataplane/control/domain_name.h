#pragma once

#include <string>
#include <string_view>

#include "absl/container/flat_hash_set.h"
#include "dataplane/control/path.h"
#include "dataplane/control/violations.h"

namespace fairlead::control {

// Whether `text`, in lower case, is what a virtual host may name: "*"; a host name or an address as they stand in a
// request's Host field, without the port ("www.example.org", "10.0.0.1", "[::1]"); or "*." and a host name
// (base::IsHostName).
bool IsDomainPattern(std::string_view text);

// `text` in lower case, which goes into `taken`. What is none, or is there already (it is to be unique in `scope`, such
// as "route table"), is a violation.
std::string CheckDomainPattern(std::string_view text, std::string_view scope, absl::flat_hash_set<std::string>& taken,
                               const Path& path, Violations& violations);

}  // namespace fairlead::control
