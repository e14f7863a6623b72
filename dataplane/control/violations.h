#pragma once

#include <string>
#include <vector>

#include "dataplane/control/path.h"
#include "fairlead/v1/transaction.pb.h"

namespace fairlead::control {

// All that is wrong with one transaction. Checks go on after the first, so that a controller hears of everything at
// once.
class Violations {
 public:
  void Add(v1::Violation::Code code, const Path& path, std::string message);

  void Invalid(const Path& path, std::string message) {
    Add(v1::Violation::INVALID_ARGUMENT, path, std::move(message));
  }
  void Unimplemented(const Path& path);

  bool empty() const { return list_.empty(); }
  const std::vector<v1::Violation>& list() const { return list_; }

 private:
  std::vector<v1::Violation> list_;
};

}  // namespace fairlead::control
