#include "ctl/output.h"

#include "api/yaml/concat.h"

namespace fairlead::ctl {

absl::StatusOr<OutputFormat> ParseOutputFormat(std::string_view name) {
  if (name == "table") return OutputFormat::kTable;
  if (name == "yaml") return OutputFormat::kYaml;
  if (name == "json") return OutputFormat::kJson;
  return absl::InvalidArgumentError(api::Concat("-o is table, yaml or json, not \"", name, "\""));
}

absl::Status PrintMessage(const google::protobuf::Message& message, OutputFormat format, api::TextStyle style,
                          std::ostream& out) {
  if (format == OutputFormat::kYaml) {
    out << api::ToYaml(message, style);
    return absl::OkStatus();
  }
  const absl::StatusOr<std::string> json = api::ToJson(message, style);
  // A message from the proxy that has no JSON form is the proxy's fault, not the user's.
  if (!json.ok()) return absl::InternalError(std::string(json.status().message()));
  out << *json;
  return absl::OkStatus();
}

}  // namespace fairlead::ctl
