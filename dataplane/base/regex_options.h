#pragma once

#include "dataplane/base/regex.h"
#include "re2/re2.h"

namespace fairlead::base {

// How every pattern is compiled.
inline re2::RE2::Options RegexOptions() {
  re2::RE2::Options options(re2::RE2::Latin1);
  options.set_log_errors(false);
  options.set_max_mem(Regex::kMaxMemory);
  return options;
}

}  // namespace fairlead::base
