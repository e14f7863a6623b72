#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "dataplane/config/access_log.h"

namespace fairlead::access_log {

// A field and what it is called, in JSON as in format strings.
struct FieldName {
  config::LogField field;
  std::string_view name;
};

// All fields that have one name, in the order in which JSON tells them.
std::span<const FieldName> FieldNames();

// What fields of requests and responses are called, followed by their own name.
inline constexpr std::string_view kRequestHeaderPrefix = "request_header.";
inline constexpr std::string_view kResponseHeaderPrefix = "response_header.";

std::optional<config::LogField> FindField(std::string_view name);

}  // namespace fairlead::access_log
