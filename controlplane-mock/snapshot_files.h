#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fairlead/v1/resources.pb.h"

namespace fairlead::controlplane_mock {

// The files that paths stand for: a file for itself, a directory for each *.yaml in it that is not hidden, by name.
// Errors: NOT_FOUND for a path that leads nowhere; a directory may be empty.
absl::StatusOr<std::vector<std::string>> ListSnapshotFiles(const std::vector<std::string>& paths);

// What the files that `paths` stand for say together. Errors: what a file has wrong, "FILE:LINE: …"; a resource that is
// there twice, with both files: resources are never put together from parts.
absl::StatusOr<v1::Snapshot> LoadSnapshot(const std::vector<std::string>& paths);

}  // namespace fairlead::controlplane_mock
