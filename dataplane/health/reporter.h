#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "dataplane/identity/identity.h"

namespace fairlead::health {

// Ids of backends, named one by one or by how they begin. Immutable; asking costs O(log n).
class BackendPatterns {
 public:
  // An entry that ends in '*' stands for all ids that begin with the rest.
  explicit BackendPatterns(const std::vector<std::string>& patterns = {});

  bool Match(std::string_view backend) const;

 private:
  absl::flat_hash_set<std::string> ids_;
  std::vector<std::string> prefixes_;  // sorted, none the beginning of another
};

// An author of reports that is known: api/fairlead/v1/identity.proto. Immutable.
struct Reporter {
  std::string id;
  std::vector<identity::Identity> identities;
  std::string failure_domain;
  BackendPatterns backends;
  uint32_t weight = 1;
};

using ReporterPtr = std::shared_ptr<const Reporter>;

}  // namespace fairlead::health
