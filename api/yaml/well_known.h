#pragma once

#include <string>
#include <string_view>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace fairlead::api {

// Whether the proto3 JSON mapping has a form of its own for this message type of package google.protobuf (all but
// Empty).
bool IsWellKnownType(const google::protobuf::Descriptor& type);

// Reads a Duration ("5s", "250ms": see ParseDuration) or a Timestamp (RFC 3339: "2026-11-23T13:00:00Z"). Returns what
// is wrong, empty if nothing is. Other well-known types are refused: no message of ours has them.
std::string SetWellKnown(std::string_view text, google::protobuf::Message& message);

// The same form from a Duration or Timestamp; of another well-known type only the name.
std::string FormatWellKnown(const google::protobuf::Message& message);

}  // namespace fairlead::api
