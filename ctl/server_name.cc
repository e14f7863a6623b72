#include "ctl/server_name.h"

#include "api/yaml/concat.h"

namespace fairlead::ctl {

absl::StatusOr<ServerName> ParseServerName(std::string_view text) {
  const size_t slash = text.find('/');
  const bool two_ids = slash != std::string_view::npos && slash > 0 && slash + 1 < text.size() &&
                       text.find('/', slash + 1) == std::string_view::npos;
  if (!two_ids) return absl::InvalidArgumentError(api::Concat("expected BACKEND/SERVER, not \"", text, "\""));
  return ServerName{std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
}

}  // namespace fairlead::ctl
