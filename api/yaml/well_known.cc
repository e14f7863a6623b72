#include "api/yaml/well_known.h"

#include <optional>

#include "api/yaml/concat.h"
#include "api/yaml/scalars.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/util/time_util.h"

namespace fairlead::api {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::Message;

constexpr std::string_view kDuration = "google.protobuf.Duration";
constexpr std::string_view kTimestamp = "google.protobuf.Timestamp";

// Duration and Timestamp have the same two fields.
DurationParts GetParts(const Message& message) {
  const Descriptor& type = *message.GetDescriptor();
  return {message.GetReflection()->GetInt64(message, type.FindFieldByName("seconds")),
          message.GetReflection()->GetInt32(message, type.FindFieldByName("nanos"))};
}

void SetParts(DurationParts parts, Message& message) {
  const Descriptor& type = *message.GetDescriptor();
  message.GetReflection()->SetInt64(&message, type.FindFieldByName("seconds"), parts.seconds);
  message.GetReflection()->SetInt32(&message, type.FindFieldByName("nanos"), parts.nanos);
}

}  // namespace

bool IsWellKnownType(const Descriptor& type) {
  return type.file()->package() == "google.protobuf" && type.name() != "Empty";
}

std::string SetWellKnown(std::string_view text, Message& message) {
  const std::string& type = message.GetDescriptor()->full_name();
  if (type == kDuration) {
    const std::optional<DurationParts> duration = ParseDuration(text);
    if (!duration) return Concat("expected a duration like 5s, 0.25s, 250ms, 1m or 24h, not \"", text, "\"");
    SetParts(*duration, message);
    return "";
  }
  if (type == kTimestamp) {
    google::protobuf::Timestamp timestamp;
    if (!google::protobuf::util::TimeUtil::FromString(std::string(text), &timestamp)) {
      return Concat("expected a time like 2026-11-23T13:00:00Z, not \"", text, "\"");
    }
    SetParts({timestamp.seconds(), timestamp.nanos()}, message);
    return "";
  }
  return Concat("a ", type, " can't be written in YAML");
}

std::string FormatWellKnown(const Message& message) {
  const std::string& type = message.GetDescriptor()->full_name();
  const bool has_parts = type == kDuration || type == kTimestamp;
  if (!has_parts) return type;
  const DurationParts parts = GetParts(message);
  if (type == kDuration) return FormatDuration(parts);
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(parts.seconds);
  timestamp.set_nanos(parts.nanos);
  return google::protobuf::util::TimeUtil::ToString(timestamp);
}

}  // namespace fairlead::api
