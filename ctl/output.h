#pragma once

#include <ostream>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/yaml/yaml.h"
#include "google/protobuf/message.h"

namespace fairlead::ctl {

// How a command prints: a table or a sentence for people, or the message itself for programs.
enum class OutputFormat { kTable, kYaml, kJson };

// Of -o's value. INVALID_ARGUMENT for another.
absl::StatusOr<OutputFormat> ParseOutputFormat(std::string_view name);

// Prints a message as YAML or JSON; `format` is one of the two.
absl::Status PrintMessage(const google::protobuf::Message& message, OutputFormat format, api::TextStyle style,
                          std::ostream& out);

}  // namespace fairlead::ctl
