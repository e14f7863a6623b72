#pragma once

#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "fairlead/v1/control.pb.h"

namespace fairlead::ctl {

// Turns the reports of a watch into lines for people. Remembers what it has shown, so that it tells what is new from
// what has changed, and says nothing twice. A value of the command that watches.
class WatchView {
 public:
  // What a report says that was not known before, a line each; empty if nothing. The first, whole report is one line
  // that counts what there is.
  //
  //   revision 13
  //     + server web/w4 {address: "10.0.0.4:80"}
  //     ~ server web/w2 {address: "10.0.0.2:80", weight: 80}
  //     - backend api
  //   web/w3 is DOWN, not eligible, by probe-a: timeout
  std::string Show(const v1::StateReport& report);

 private:
  std::string ShowWhole(const v1::StateReport& report);
  std::string ShowConfig(const v1::Snapshot& config);
  std::string ShowRemoved(const v1::RemovedResource& removed);
  std::string ShowServer(const v1::ServerStatus& status);
  // '+' or '~' and the line, or nothing if the resource is known as it is.
  std::string ShowResource(const std::string& name, const std::string& description);

  uint64_t revision_ = 0;
  // By kind and name, "server web/w1", as last described.
  absl::flat_hash_map<std::string, std::string> resources_;
  // By "web/w1", as last shown.
  absl::flat_hash_map<std::string, std::string> servers_;
};

}  // namespace fairlead::ctl
