#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ctl/environment.h"
#include "fairlead/v1/transaction.pb.h"

namespace fairlead::ctl {

// What the files of -f say; "-" is standard input. A file holds resources, which become the transaction's snapshot (of
// several files together), or a transaction of its own (it has the key `operations` or `snapshot`), which stands alone.
// INVALID_ARGUMENT with all problems, a line each, if a file can't be read, says nothing or is wrong.
absl::StatusOr<v1::Transaction> ReadFiles(const std::vector<std::string>& names, const Environment& environment);

}  // namespace fairlead::ctl
