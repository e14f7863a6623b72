#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fairlead::peer {

// "--name=value" and "--name" (value "true"), each as often as it likes.
class Flags {
 public:
  // INVALID_ARGUMENT for a name that is not among `known`, and for words that are no flags.
  static absl::StatusOr<Flags> Parse(int argc, char** argv, const std::set<std::string>& known);

  bool Has(const std::string& name) const { return values_.contains(name); }
  std::string String(const std::string& name, std::string_view otherwise) const;
  std::vector<std::string> List(const std::string& name) const;
  // INVALID_ARGUMENT when it is no number.
  absl::StatusOr<uint64_t> Number(const std::string& name, uint64_t otherwise) const;
  // "200ms", "5s", "1m"; INVALID_ARGUMENT otherwise.
  absl::StatusOr<std::chrono::milliseconds> Duration(const std::string& name,
                                                     std::chrono::milliseconds otherwise) const;

 private:
  std::map<std::string, std::vector<std::string>> values_;
};

absl::StatusOr<std::chrono::milliseconds> ParseDuration(std::string_view text);

}  // namespace fairlead::peer
