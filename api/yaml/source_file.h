#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace fairlead::api {

// What a file that a YAML file names (`{file: site.crt}`) holds. `path` is taken relative to `base_directory` unless it
// is absolute. Refused: an empty path, an empty base_directory (there is no directory to start from), anything that is
// not a regular file (reading a FIFO would never end), more than 1 MiB. Errors: with the path, for people.
absl::StatusOr<std::string> ReadSourceFile(std::string_view base_directory, std::string_view path);

}  // namespace fairlead::api
