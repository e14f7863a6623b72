#include "ctl/revision_number.h"

#include "api/yaml/concat.h"
#include "api/yaml/scalars.h"

namespace fairlead::ctl {

absl::StatusOr<uint64_t> ParseRevision(const std::string& text) {
  if (const std::optional<uint64_t> revision = api::ParseUnsigned(text)) return *revision;
  return absl::InvalidArgumentError(api::Concat("a revision is a whole number, not \"", text, "\""));
}

}  // namespace fairlead::ctl
