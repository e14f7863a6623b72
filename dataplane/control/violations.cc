#include "dataplane/control/violations.h"

#include <utility>

namespace fairlead::control {

void Violations::Add(v1::Violation::Code code, const Path& path, std::string message) {
  v1::Violation& violation = list_.emplace_back();
  violation.set_code(code);
  violation.set_path(path.ToString());
  violation.set_message(std::move(message));
}

void Violations::Unimplemented(const Path& path) {
  Add(v1::Violation::UNIMPLEMENTED, path, "this version does not do it yet");
}

}  // namespace fairlead::control
