#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fairlead/v1/resources.pb.h"

namespace fairlead::controlplane_mock {

// A YAML text that holds some of the resources, and where it is from.
struct SnapshotText {
  std::string name{};
  std::string text{};
  // Where the paths of `{file: …}` in it start. Empty: files can't be named.
  std::string base_directory{};
};

// What `texts` say together. Errors: what a text has wrong, "NAME:LINE: …"; a resource that is there twice, with both
// names: resources are never put together from parts.
absl::StatusOr<v1::Snapshot> ParseSnapshot(const std::vector<SnapshotText>& texts);

// The files that paths stand for: a file for itself, a directory for each *.yaml in it that is not hidden, by name.
// Errors: NOT_FOUND for a path that leads nowhere; a directory may be empty.
absl::StatusOr<std::vector<std::string>> ListSnapshotFiles(const std::vector<std::string>& paths);

// What the files that `paths` stand for say together. Errors: of both functions above.
absl::StatusOr<v1::Snapshot> LoadSnapshot(const std::vector<std::string>& paths);

}  // namespace fairlead::controlplane_mock
