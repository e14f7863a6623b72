#include "api/yaml/yaml.h"

#include <memory>

#include "api/yaml/document.h"
#include "api/yaml/message_reader.h"
#include "api/yaml/problems.h"
#include "google/protobuf/util/json_util.h"

namespace fairlead::api {

absl::Status ParseYaml(std::string_view text, const YamlOptions& options, google::protobuf::Message* message) {
  YamlProblems problems(options.file_name);
  const YamlNode document = ReadYamlDocument(text, problems);
  const std::unique_ptr<google::protobuf::Message> read(message->New());
  ReadYamlMessage(document, options.base_directory, problems, *read);
  if (problems.empty()) message->GetReflection()->Swap(message, read.get());
  return problems.ToStatus();
}

absl::StatusOr<std::string> ToJson(const google::protobuf::Message& message, TextStyle style) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.add_whitespace = !style.one_line;
  options.always_print_primitive_fields = style.print_defaults;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  if (!status.ok()) return absl::InvalidArgumentError(status.message().as_string());
  return json;
}

}  // namespace fairlead::api
