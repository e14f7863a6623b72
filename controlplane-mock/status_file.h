#pragma once

#include <string>

#include "absl/status/status.h"
#include "controlplane-mock/clock.h"
#include "controlplane-mock/controller.h"
#include "controlplane-mock/etcd/store.h"
#include "controlplane-mock/status.pb.h"

namespace fairlead::controlplane_mock {

Status DescribeStatus(const Controller& controller, const std::string& listening_on, const std::string& file_error);
StoreStatus DescribeStore(const etcd::Store& store, TimePoint now);

// A file that always holds the whole of one status, as JSON: others wait for what they want to see in it. Owned by the
// Application, for its thread.
class StatusFile {
 public:
  // An empty path: Write does nothing.
  explicit StatusFile(std::string path);

  // Puts the status in place of the last one, if it is another: into PATH.tmp, which is then renamed. Errors: what the
  // file system says.
  absl::Status Write(const Status& status);

 private:
  const std::string path_;
  std::string written_;
};

}  // namespace fairlead::controlplane_mock
