#pragma once

#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "dataplane/config/route_table.h"
#include "dataplane/control/path.h"
#include "dataplane/control/violations.h"

namespace fairlead::control {

// Regular expressions by their patterns, while one route table is compiled: the same pattern is compiled once, and not
// at all if the table as it was has it. Expressions are most of what a table costs to compile.
class RegexCache {
 public:
  // `before`: the table as it is served now; null for a new one.
  explicit RegexCache(const config::RouteTable* before);

  // Null, and a violation, for a pattern that is none.
  config::SharedRegex Get(const std::string& pattern, const Path& path, Violations& violations);

 private:
  void Add(const config::SharedRegex& regex);

  absl::flat_hash_map<std::string, config::SharedRegex> regexes_;
};

}  // namespace fairlead::control
