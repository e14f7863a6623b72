#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/yaml/concat.h"

namespace fairlead::prober {

// What is wrong with a file of checks, each fault with its path.
class CheckFaults {
 public:
  // Those of a part: `path` stands in front of what it says.
  CheckFaults(std::vector<std::string>* all, std::string path) : all_(all), path_(std::move(path)) {}

  CheckFaults In(std::string_view field) const { return {all_, api::Concat(path_, path_.empty() ? "" : ".", field)}; }
  CheckFaults At(std::string_view field, size_t index) const { return In(api::Concat(field, "[", index, "]")); }
  template <typename... Parts>
  void Add(const Parts&... parts) const {
    all_->push_back(api::Concat(path_, ": ", parts...));
  }

 private:
  std::vector<std::string>* all_;
  std::string path_;
};

}  // namespace fairlead::prober
