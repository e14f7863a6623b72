#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace fairlead::ctl {

// A flag that the program, or one of its commands, takes.
struct Flag {
  // Without the dashes: "dry_run".
  std::string_view name;
  // What stands for its value in help: "FILE". Empty: a switch, which takes none.
  std::string_view value;
  std::string_view help;
  // A letter that says the same ("-f"), or 0.
  char letter = 0;
  // Whether it may be given more than once.
  bool repeated = false;
};

// A command line taken apart.
class Arguments {
 public:
  // Takes `--name value`, `--name=value`, `-f value`, `-fvalue`, switches also as `--name=true` or `--name=false`;
  // flags and words in any order, only words after `--`. INVALID_ARGUMENT, in one line, for a flag that is not in
  // `flags` (with the nearest that is), lacks its value, has one too many, or is given twice and may not be.
  static absl::StatusOr<Arguments> Parse(const std::vector<std::string>& arguments, const std::vector<Flag>& flags);

  // What is no flag: the command and its arguments.
  const std::vector<std::string>& words() const { return words_; }
  // The names of the flags that were given.
  std::vector<std::string> given() const;

  bool Has(std::string_view flag) const { return values_.contains(flag); }
  // Whether a switch is on.
  bool IsOn(std::string_view flag) const { return Get(flag, "false") == "true"; }
  std::string Get(std::string_view flag, std::string_view otherwise) const;
  std::vector<std::string> GetAll(std::string_view flag) const;

 private:
  absl::Status Add(const Flag& flag, std::string value);

  std::vector<std::string> words_;
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

}  // namespace fairlead::ctl
