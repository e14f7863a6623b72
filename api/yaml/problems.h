#pragma once

#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace fairlead::api {

// All that is wrong with one YAML file, gathered while it is read. A value of whoever reads; for one thread.
class YamlProblems {
 public:
  // `file_name` stands in front of every problem; "input" if it is empty.
  explicit YamlProblems(std::string_view file_name);

  // `line` counts from 1. `path` names the field, `backends[0].servers[2].weight`; empty if no field is meant.
  void Add(int line, std::string_view path, std::string_view problem);

  bool empty() const { return count_ == 0; }
  // Whether further problems are only counted, so that there is no point in describing them well.
  bool is_full() const;

  // INVALID_ARGUMENT with one line for each problem in the order of their lines, "FILE:LINE: PATH: PROBLEM"; of more
  // than 100 the rest is only counted. OK if there are none.
  absl::Status ToStatus() const;

 private:
  std::string file_name_;
  // By line; those of one line in the order of their coming.
  std::multimap<int, std::string> problems_;
  size_t count_ = 0;
};

}  // namespace fairlead::api
