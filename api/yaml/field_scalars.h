#pragma once

#include <string>
#include <string_view>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace fairlead::api {

// Reads `text` as the type of `field`, which is no message, and sets the field, or adds to it if it is repeated.
// Returns what is wrong, empty if nothing is.
//
// The field's type says what the text means, not the text's looks: `id: 8080` is a string. Numbers may be quoted, as
// the proto3 JSON mapping has it; true and false may not.
std::string SetScalar(std::string_view text, bool quoted, const google::protobuf::FieldDescriptor& field,
                      google::protobuf::Message& message);

// The text of a value of `field`, which is no message; `index` is its place if the field is repeated. Enum values by
// name, bytes in base64.
std::string FormatScalar(const google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field,
                         int index);

}  // namespace fairlead::api
