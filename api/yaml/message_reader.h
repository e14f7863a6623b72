#pragma once

#include <string>

#include "api/yaml/document.h"
#include "api/yaml/problems.h"
#include "google/protobuf/message.h"

namespace fairlead::api {

// Fills `message`, which is empty, with what a mapping says of it, by the rules of ParseYaml (yaml.h). What is wrong is
// added to `problems`, all of it; then `message` holds the rest.
//
// `base_directory` is where the paths of `{file: …}` start; empty: they are refused.
void ReadYamlMessage(const YamlNode& node, const std::string& base_directory, YamlProblems& problems,
                     google::protobuf::Message& message);

}  // namespace fairlead::api
