#pragma once

#include <string>

#include "absl/container/flat_hash_map.h"
#include "fairlead/v1/resources.pb.h"
#include "fairlead/v1/transaction.pb.h"

namespace fairlead::ctl {

// Shows what an operation changes in a state that `fairleadctl diff` compares with. Does not own the state, which
// outlives it.
class DifferenceView {
 public:
  explicit DifferenceView(const v1::Snapshot& from);

  // One line with '+' (added), '~' (changed) or '-' (removed) in front; of what is changed one more line for each
  // field, `    weight: 50 -> 80`. Secrets are not shown.
  std::string Show(const v1::Operation& operation) const;

 private:
  // By kind and name: "server web/w1".
  absl::flat_hash_map<std::string, const google::protobuf::Message*> resources_;
};

}  // namespace fairlead::ctl
