#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"

// The text form of the API: the proto3 JSON mapping with the protos' own field names, written as YAML.
namespace fairlead::api {

struct YamlOptions {
  // Stands in front of each problem: "quickstart.yaml:14: …"; empty: "input:14: …".
  std::string file_name;
  // Where the paths of `{file: …}` start. Empty: files can't be named.
  std::string base_directory;
};

// Reads a message of any proto3 type. On success `message` is what the text says and nothing else, on an error what it
// was.
//
// Values, by the type of their field:
//   string           as it stands, also if it looks like a number: `id: 8080`
//   numbers          decimal, quoted or not; true and false not quoted
//   bytes            base64
//   enum             the value's name; a number if a value has it
//   Duration         5s, 0.25s; also 250ms, 1m, 24h
//   Timestamp        2026-11-23T13:00:00Z
//   DataSource       {file: PATH} is replaced by what the file holds, as inline_string, or inline_bytes if it isn't
//   UTF-8 messages, lists, maps   may be left without a value, as if their key were not there; scalars may not
// An empty text is an empty message. JSON is YAML, and read by the same rules.
//
// Strict. INVALID_ARGUMENT names all problems, one a line, in the order of their lines:
//   quickstart.yaml:14: backends[0].servers[2].wieght: unknown field; did you mean "weight"? known: id, address, …
// Problems are: syntax errors; unknown fields (also in camelCase), repeated keys, two members of a oneof; values of the
// wrong type or unknown to an enum; files that can't be read; what ReadYamlDocument (document.h) refuses, such as
// aliases.
//
// From any thread. Blocks to read the files that are named. About 1 s for 100,000 servers.
absl::Status ParseYaml(std::string_view text, const YamlOptions& options, google::protobuf::Message* message);

// How a message is written.
struct TextStyle {
  // On a single line, without the line feed at its end.
  bool one_line = false;
  // Also fields that have no presence of their own and hold their default: for programs that look for them.
  bool print_defaults = false;
};

// Block style, fields by number, small messages in braces on one line, as the files in docs/examples have it. ParseYaml
// reads it back as the same, but for unknown fields, which are not written, and unknown enum values.
std::string ToYaml(const google::protobuf::Message& message, TextStyle style = {});

// The proto3 JSON mapping with the protos' own field names. INVALID_ARGUMENT if the message holds what has no JSON
// form, for instance a Duration of a billion years.
absl::StatusOr<std::string> ToJson(const google::protobuf::Message& message, TextStyle style = {});

}  // namespace fairlead::api
